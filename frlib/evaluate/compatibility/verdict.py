"""One sentence for an operator: may the old index stay, does it have to go, or is it not known?

Decided by one metric, the headline: TPIR or TAR at the lowest rate that at least ten impostors
support in both tests, of the list with most trials; where there is none, rank 1 or accuracy. Of a
search it is the one among distractors, which are in the index too.

The new model is compatible where the interval of M(new, old) - M(old, old) is above the wanted gain
(0 by default) and no other supported metric clearly falls; not compatible where the interval is at
or below it, or where another metric clearly falls; otherwise this gallery does not decide. The
other metrics can only veto; of several each is tested against 0, corrected by Holm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from frlib.core.errors import ConfigError, ProtocolError
from frlib.evaluate.compatibility.outcomes import BY_PAIRS, Outcome
from frlib.stats.paired import holm
from frlib.stats.paired_rates import gain_p, people_needed

_ALPHA = 0.05
State = Literal["compatible", "not compatible", "not decided"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """metric: `protocol metric`, the headline. more_people: roughly, where not decided."""

    state: State
    metric: str
    sentence: str
    more_people: int | None = None


def headline(outcomes: Sequence[Outcome], metric: str = "") -> Outcome:
    """The outcome that decides: the one of this name, or as said above."""
    if not outcomes:
        raise ProtocolError(
            "no rate could be computed under both tests; see the marks of the tests' own reports"
        )
    if metric:
        named = [one for one in outcomes if one.metric == metric]
        if not named:
            known = ", ".join(dict.fromkeys(one.metric for one in outcomes))
            raise ConfigError(f"no metric {metric!r} on this gallery; there are {known}")
        return max(named, key=lambda one: len(one.before_P))
    kept = _kept(outcomes)
    strict = [one for one in kept if one.target < 1] or kept
    order = range(len(strict))
    return strict[min(order, key=lambda k: (-_size(strict[k], kept), strict[k].target, -k))]


def judge(outcomes: Sequence[Outcome], metric: str = "", least: float = 0.0) -> Verdict:
    """least: the gain that is wanted, in shares."""
    main = headline(outcomes, metric)
    gain, name = main.gain, f"{main.protocol} {main.metric}"
    who = "pairs" if main.how == BY_PAIRS else "people"
    told = (
        f"{name}, new queries in the old gallery less old queries: {100 * gain.value:+.2f} points"
    )
    if not gain.low <= gain.high:
        return Verdict(
            state="not decided",
            metric=name,
            sentence=f"Not decided by this gallery: {told}, and {gain.n} {who} give no interval.",
        )
    told += f" (95 % {100 * gain.low:+.2f} to {100 * gain.high:+.2f}, {gain.n:,} {who})"
    wanted = f"{100 * least:+.2f}" if least else "0"
    if least:
        told += f", wanted are more than {wanted}"
    falls = _falls([one for one in _kept(outcomes) if one is not main])
    if gain.high <= least:
        return Verdict(state="not compatible", metric=name, sentence=f"Not compatible: {told}.")
    if falls:
        worst = min(falls, key=lambda one: one.gain.value)
        sentence = (
            f"Not compatible: {told}, but {worst.protocol} {worst.metric} falls by "
            f"{-100 * worst.gain.value:.2f} points."
        )
        return Verdict(state="not compatible", metric=name, sentence=sentence)
    if gain.low > least:
        return Verdict(state="compatible", metric=name, sentence=f"Compatible: {told}.")
    needed = people_needed(gain, least)
    more = None if needed is None else max(1, needed - gain.n)
    how_many = (
        f"about {more:,} more {who} would tell such a gain from it"
        if more is not None
        else f"no number of {who} tells a gain like this from it"
    )
    return Verdict(
        state="not decided",
        metric=name,
        sentence=f"Not decided by this gallery: {told}; the interval contains {wanted}, "
        f"{how_many}.",
        more_people=more,
    )


def _falls(others: Sequence[Outcome]) -> list[Outcome]:
    """Those that are worse than before, Holm-corrected."""
    adjusted = holm([gain_p(one.gain) for one in others])
    told = zip(others, adjusted, strict=True)
    return [one for one, p in told if one.gain.value < 0 and p < _ALPHA]


def _kept(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those that enough impostors support, or all where none is."""
    return [one for one in outcomes if not one.weak] or list(outcomes)


def _size(one: Outcome, among: Sequence[Outcome]) -> int:
    """Trials of the list that an outcome is of."""
    return max(len(each.before_P) for each in among if each.protocol == one.protocol)
