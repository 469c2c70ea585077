"""Outputs of stages that the runs of a plan still need before them, as plain values."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from frlib.study.plan import Plan
from frlib.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class Output:
    """One, for one seed, made once for all runs that share it.

    kind: of the stage. seen: the run as the stage sees it. trainings: whole runs that are trained
    for it at most. passes: runs whose model is asked about each of its images once. sample_bytes:
    kept for every sample, beside what trainings leave. is_there: in the store. copies: so many of
    its like, where arms that are not proposed yet have one each.
    """

    kind: str
    seen: TrainConfig
    trainings: tuple[TrainConfig, ...] = ()
    passes: tuple[TrainConfig, ...] = ()
    sample_bytes: int = 0
    is_there: bool = False
    copies: float = 1.0


@dataclass(frozen=True)
class Count:
    """Outputs of one kind. needed: by runs still to do, at most. there: of these in the store."""

    needed: int
    there: int


@dataclass(frozen=True)
class Outputs:
    """each: by digest. awaited: for every cell of the plan, those that one of its arms waits for,
    at most."""

    each: Mapping[str, Output] = field(default_factory=dict)
    awaited: Sequence[frozenset[str]] = ()

    @cached_property
    def counts(self) -> dict[str, Count]:
        """By kind, inputs before their users."""
        needed: dict[str, float] = defaultdict(float)
        there: dict[str, int] = defaultdict(int)
        for one in self.each.values():
            needed[one.kind] += one.copies
            there[one.kind] += one.is_there
        return {kind: Count(round(count), there[kind]) for kind, count in needed.items()}

    @property
    def to_make(self) -> Iterable[Output]:
        """Those that the store lacks."""
        return (one for one in self.each.values() if not one.is_there)

    @cached_property
    def trainings(self) -> int:
        """Whole runs that are trained for what the store lacks, at most."""
        return round(sum(len(one.trainings) * one.copies for one in self.to_make))

    @cached_property
    def passes(self) -> int:
        """Passes over the images for what the store lacks, at most."""
        return round(sum(len(one.passes) * one.copies for one in self.to_make))


def has_stages(run: TrainConfig) -> bool:
    """Whether something is made before it: stages of its own, or what a rule or `compat` bring."""
    is_awaited = run.compat is not None and bool(run.compat.waits_for)
    return bool(run.stages) or run.clean.rule is not None or is_awaited


def workloads(plan: Plan, outputs: Outputs) -> list[TrainConfig]:
    """Every run of a plan: those of its cells, then those that stages make or see."""
    own = [one.cell.config for one in plan.cells]
    seen = {
        id(run): run
        for one in outputs.each.values()
        for run in (one.seen, *one.trainings, *one.passes)
    }
    return [*own, *seen.values()]
