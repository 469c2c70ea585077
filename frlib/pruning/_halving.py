"""Successive halving in its stopping form, shared by the rules that have rungs.

At a rung an arm is compared with those that have reached it by then, itself included, and goes on
if it is in the best 1/eta of them; of fewer than eta, if none is better. Those that come later are
not waited for.
"""

from collections import defaultdict
from collections.abc import Hashable

from frlib.pruning._rule import Design, Past, Seen, Stop
from frlib.pruning._standing import Standing


def rungs_inside(first_epoch: int, keep_one_in: int, epochs: int) -> tuple[int, ...]:
    """Epochs before the last one at which arms are compared: first_epoch * keep_one_in ** i."""
    inside, rung = [], first_epoch
    while rung < epochs:
        inside.append(rung)
        rung *= keep_one_in
    return tuple(inside)


def ends(design: Design) -> tuple[int, ...]:
    """Steps at which a replicate ends and another one follows."""
    return tuple(design.epochs * turn for turn in range(1, design.replicates))


class Rungs:
    """Where arms of one group meet; `rule` is the name in records, `label` the one in messages."""

    def __init__(self, design: Design, keep_one_in: int, rule: str) -> None:
        self._design = design
        self._keep_one_in = keep_one_in
        self._rule = rule
        self._standings: dict[tuple[Hashable, int], Standing] = defaultdict(Standing)

    def enter(self, group: Hashable, past: Past, rungs: tuple[int, ...]) -> None:
        """Put back what an arm showed at the rungs it has reached."""
        for rung in rungs:
            if rung in past.course:
                rank = self._design.rank(past.course[rung])
                self._standings[group, rung].add(past.arm, rank)

    def judge(self, group: Hashable, seen: Seen, rungs: tuple[int, ...], label: str) -> Stop | None:
        """Stop an arm at a rung where it is not among the best of its group."""
        if seen.step not in rungs:
            return None
        standing = self._standings[group, seen.step]
        if seen.arm in standing:
            return None
        rank = self._design.rank(seen.value)
        standing.add(seen.arm, rank)
        keep, place = max(1, len(standing) // self._keep_one_in), standing.place(rank)
        if place <= keep or seen.protected:
            return None
        cutoff = self._design.value(standing.best(keep)[0])
        return Stop(
            rule=self._rule,
            rung=seen.step,
            value=seen.value,
            cutoff=cutoff,
            n=len(standing),
            message=f"{label}: after {seen.step} epochs it ranked {place} of {len(standing)} "
            f"({seen.value:.4f}, needed {cutoff:.4f})",
        )
