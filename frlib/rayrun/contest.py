"""Plays searches in the records of a full grid, on a clock of recorded seconds. No Ray in here.

Proposals and rules are those of a real run. What is simulated is the training: an arm shows, epoch
by epoch, what its records show.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import log, nan

import optuna

from frlib.core.seeds import stream
from frlib.core.space import IntUniform, Leaf, Point, Scalar, Space, Uniform, is_number, keyed
from frlib.pruning import Rule, Seen
from frlib.rayrun import rules
from frlib.rayrun.memory import Memory, Outcome
from frlib.rayrun.proposals import CellProposals
from frlib.study.arms import Arm, Cell
from frlib.study.contest import Strategy
from frlib.study.schema import Study


@dataclass(frozen=True, kw_only=True)
class Replicate:
    """A replicate as recorded. course: epoch -> selection metric, from the first that measured it.

    epochs: how many it ran. seconds: it took in all.
    """

    course: Mapping[int, float]
    epochs: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Played:
    """An arm of the grid and its replicates, in their turn. status: `complete` or `failed`."""

    arm: Arm
    status: str
    replicates: tuple[Replicate, ...]

    @property
    def seconds(self) -> float:
        """What it took in all."""
        return sum(one.seconds for one in self.replicates)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A moment of a search: an arm has ended. best: the best complete arm by then, if any.

    epochs, seconds: of training so far, over all slots, those of arms that still run included.
    clock: seconds since the beginning.
    """

    arms: int
    epochs: int
    seconds: float
    clock: float
    status: str
    best: str
    value: float


@dataclass(frozen=True)
class _Snapped(Cell):
    """A cell whose arms are those of a grid: any point stands for the nearest one."""

    grid: tuple[Arm, ...] = ()

    def arm(self, params: Point) -> Arm:
        apart = [distance(self.space, params, one.params) for one in self.grid]
        return self.grid[apart.index(min(apart))]

    @property
    def default(self) -> Arm:
        return next(one for one in self.grid if one.is_default)


def distance(space: Space, one: Point, other: Point) -> float:
    """Squared, in units of each number's range; 1 for every choice that differs."""
    here, there = keyed(space, one), keyed(space, other)
    assert here is not None and there is not None, "both are points of the space"
    total = 0.0
    for key in here.keys() | there.keys():
        if key not in here or key not in there:
            total += 1.0
            continue
        total += _apart(here[key][0], here[key][1], there[key][1]) ** 2
    return total


def play(
    study: Study,
    cell: Cell,
    grid: Sequence[Played],
    strategy: Strategy,
    *,
    repeat: int = 0,
    slots: int = 1,
) -> Iterator[Step]:
    """One search, up to the end of its last arm. grid: points of the cell's space, the default too.

    repeat: added to the seed of the strategy's search. That also draws the order in which all arms
    run their replicates: which comes first is arbitrary, and rules judge by the first.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    snapped = _Snapped(
        cell.shown, cell.config, cell.space, cell.datasets, tuple(one.arm for one in grid)
    )
    search = strategy.search.model_copy(update={"seed": strategy.search.seed + repeat})
    memory = Memory(snapped, search, study.selection, optuna.storages.InMemoryStorage())
    proposals = CellProposals(snapped, search, (), memory)
    rule = rules.of(strategy.pruning, study, snapped, search.seed)
    by_digest = {one.arm.digest: _shuffled(one, search.seed) for one in grid}
    sign = 1.0 if study.selection.mode == "max" else -1.0
    running: list[tuple[float, int, _Running]] = []
    best, value = "", nan
    begun = arms = epochs = 0
    spent = clock = 0.0
    while True:
        while len(running) < slots and (arm := proposals.propose()) is not None:
            begun += 1
            one = _Running(by_digest[arm.digest], cell.config.epochs)
            heapq.heappush(running, (clock + one.next_seconds, begun, one))
        if not running:
            return
        clock, turn, one = heapq.heappop(running)
        epochs += 1
        spent += one.next_seconds
        outcome = one.epoch(rule)
        if outcome is None:
            heapq.heappush(running, (clock + one.next_seconds, turn, one))
            continue
        arms += 1
        proposals.tell(outcome)
        if outcome.status == "complete" and outcome.values is not None:
            (found,) = outcome.values
            if not best or sign * found > sign * value:
                best, value = outcome.arm.digest, found
        yield Step(
            arms=arms,
            epochs=epochs,
            seconds=spent,
            clock=clock,
            status=outcome.status,
            best=best,
            value=value,
        )


def _shuffled(played: Played, seed: int) -> Played:
    """In another order; a failed arm has not run all replicates and keeps its own."""
    if played.status == "failed":
        return played
    order = stream(seed, "search", "replicates").permutation(len(played.replicates))
    return replace(played, replicates=tuple(played.replicates[int(turn)] for turn in order))


class _Running:
    """An arm on its way through its replicates. length: epochs of a replicate, by its config."""

    def __init__(self, played: Played, length: int) -> None:
        self._played, self._length = played, length
        self._turn, self._epoch = 0, 0
        self._finals: list[float] = []

    @property
    def next_seconds(self) -> float:
        """What its next epoch takes."""
        return self._now.seconds / self._now.epochs

    @property
    def _now(self) -> Replicate:
        return self._played.replicates[self._turn]

    def epoch(self, rule: Rule) -> Outcome | None:
        """One more epoch; the arm's end if it is over."""
        self._epoch += 1
        arm, now = self._played.arm, self._now
        is_last = self._turn + 1 == len(self._played.replicates)
        ends = self._epoch == now.epochs
        if ends and is_last and self._played.status == "failed":
            return Outcome(arm=arm, status="failed")
        shown = [value for epoch, value in sorted(now.course.items()) if epoch <= self._epoch]
        latest = shown[-1] if shown else nan
        value = sum([*self._finals, latest]) / (len(self._finals) + 1)
        step = self._turn * self._length + (self._length if ends else self._epoch)
        if ends:
            self._finals.append(latest)
            self._epoch = 0
        stop = rule.judge(
            Seen(
                arm=arm.digest,
                cell=arm.cell.digest,
                step=step,
                value=value,
                finals=tuple(self._finals),
                protected=arm.is_default,
                params=arm.params,
            )
        )
        if stop is not None:
            return Outcome(arm=arm, status="stopped", value=stop.value, step=stop.rung)
        if ends and is_last:
            return Outcome(arm=arm, status="complete", value=value, step=step)
        self._turn += ends
        return None


def _apart(leaf: Leaf, one: Scalar, other: Scalar) -> float:
    if not isinstance(leaf, (Uniform, IntUniform)) or not (is_number(one) and is_number(other)):
        return float(one != other)

    def at(value: Scalar) -> float:
        return log(float(value)) if leaf.log else float(value)

    return (at(one) - at(other)) / (at(leaf.high) - at(leaf.low))
