"""Findings on a set that had been cleaned by earlier findings, told of the set as it was at first.

dropped before            stays as it was found then
relabelled before         keeps that label, unless it is flagged now
flagged now               by what is found now; a proposal that is the first label clears the sample
flagged before, but kept  (apply=relabel, without a proposal) as it is found now, since the model
                          that is judged now was trained on it

Suspicion is of the label that was there at first: of a sample that is cleared, 1 less that of the
label it had instead; of one that was dropped, or relabelled and is not flagged now, as it was then;
else as now.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from frlib.cleaning.effect import Effect, effect
from frlib.cleaning.evidence import Apply, Evidence
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core.errors import DataError
from frlib.data.texts import ABSENT, places


def of_whole(seen: Evidence, found: Findings) -> Findings:
    """Findings on evidence, told of the set as it was before anything was cleaned."""
    return found if seen.before is None else compose(seen.before, seen.applied, found)


def compose(before: Findings, applied: Apply, now: Findings) -> Findings:
    """Both together, on the samples of `before`.

    `DataError` where `now` is not on what `before` left: names other samples, or gives them other
    labels.
    """
    identities = tuple(sorted({*before.identities, *now.identities}))
    before, now = _numbered(before, identities), _numbered(now, identities)
    rows = places(now.ids, before.ids)
    if (rows == ABSENT).any():
        raise DataError(
            f"findings of {now.kind!r} name {int((rows == ABSENT).sum())} samples that those "
            "before them did not; expected findings on what the first ones left"
        )
    done = effect(before, applied)
    _require_left(before, applied, done, now, rows)
    fresh = now.is_flagged | ~done.is_relabelled[rows]
    again = rows[fresh]
    flagged, proposed = before.is_flagged.copy(), before.proposed.copy()
    suspicion = before.suspicion.copy()
    flagged[again], proposed[again] = now.is_flagged[fresh], now.proposed[fresh]
    suspicion[again] = now.suspicion[fresh]
    cleared = flagged & (proposed == before.given)
    flagged &= ~cleared
    suspicion[cleared] = 1 - suspicion[cleared]
    return replace(
        before,
        kind=now.kind,
        is_flagged=flagged,
        proposed=np.where(flagged, proposed, NO_PROPOSAL),
        suspicion=suspicion,
        facts=now.facts,
    )


def _require_left(
    before: Findings, applied: Apply, done: Effect, now: Findings, rows: NDArray[np.int64]
) -> None:
    odd = done.is_dropped[rows] | (done.labels[rows] != now.given)
    if odd.any():
        at = int(odd.argmax())
        is_dropped = done.is_dropped[rows[at]]
        state = "had been dropped" if is_dropped else "had another label by then"
        raise DataError(
            f"findings of {now.kind!r}: sample {now.ids[at]!r} {state}, by those of "
            f"{before.kind!r} with apply={applied} ({int(odd.sum())} such); expected findings on "
            "what the first ones left"
        )


def _numbered(found: Findings, identities: tuple[str, ...]) -> Findings:
    place = {name: number for number, name in enumerate(identities)}
    number = np.array([*(place[name] for name in found.identities), NO_PROPOSAL], dtype=np.int64)
    true = found.true
    if true is not None:
        inside = (true >= 0) & (true < len(found.identities))
        true = np.where(inside, number[np.where(inside, true, 0)], np.minimum(true, -1))
    return replace(
        found,
        identities=identities,
        given=number[found.given],
        proposed=number[found.proposed],
        true=true,
    )
