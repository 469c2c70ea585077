"""A study is a value: a question, a base run, axes that make the table, a space that is searched.

Everything here is plain and typed: a study round-trips through JSON and decides nothing by itself.
`frlib.study.arms` spells it out as cells and arms.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from math import lcm
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from frlib import pruning
from frlib.core import discover
from frlib.core.config import Choice, Config, canonical, place, setting, to_dict, with_paths
from frlib.core.space import Distribution, leaves
from frlib.study import searched
from frlib.study.contest import Contest
from frlib.study.rungs import unmeasured
from frlib.study.search import Search
from frlib.study.selection import Selection
from frlib.train.config import TrainConfig

if TYPE_CHECKING:
    Pruning = pruning.Pruning
else:
    Pruning = Choice["frlib.pruning"]

Placement = Literal["PACK", "SPREAD", "STRICT_PACK", "STRICT_SPREAD"]
_ACROSS = ("cross_accuracy", "reverse_accuracy", "old_accuracy")
"""Of runs with an old model, beside their own `accuracy`."""
_SHARED_OUT = ("batch_size", "accumulate", "tail", "sync_batchnorm", "stages", "clean", "compat")
"""What decides how runs, and those of their stages, are shared out over workers."""


def fields_of(axis: str) -> tuple[str, ...]:
    """Paths that an axis sets: one, or several that vary together (`schedule+epochs`)."""
    return tuple(axis.split("+"))


def settings_at(axis: str, value: Any) -> tuple[tuple[str, Any], ...]:
    """(path, value) of every field of an axis; an axis of several takes a value for each."""
    paths = fields_of(axis)
    if len(paths) == 1:
        return ((axis, value),)
    if not isinstance(value, (tuple, list)) or len(value) != len(paths):
        raise ValueError(
            f"axis {axis}: found {value!r}, expected {len(paths)} values, one for each of "
            f"{', '.join(paths)}"
        )
    return tuple(zip(paths, value, strict=True))


class Replicates(Config):
    """Seeds, the same for all arms: equal noise draws, initial weights and sample order.

    Held-out people and pairs do not depend on the seed.
    """

    seeds: tuple[int, ...] = Field((0, 1, 2), min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> "Replicates":
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"replicate seeds repeat: {self.seeds}")
        return self


class Resources(Config):
    """Where a study runs; changes no result.

    A node takes as many workers as its CPUs, GPUs and memory hold. A GPU can be shared by runs of
    one worker each: with gpus_per_worker=0.25 four of them have it, and a quarter of its memory
    each. priority: a study begins no arm while one of higher priority on the same cluster waits for
    room; what runs is left alone.
    """

    workers: int = place(
        1, ge=1, doc="data-parallel workers of one run; 1 runs in the trial itself"
    )
    max_workers: int = place(
        0, ge=0, doc="a run may grow to so many as the cluster does; 0: workers, no more, no less"
    )
    cpus_per_worker: float = place(1.0, ge=0, doc="CPUs of one worker")
    gpus_per_worker: float = place(0.0, ge=0, doc="GPUs of one worker; below 1, a part of one")
    memory_gib_per_worker: float = place(
        0.0, ge=0, doc="memory of one worker on its node, GiB, beside its GPU's; 0: not counted"
    )
    placement: Placement = place(
        "PACK", doc="workers of one run on few nodes or on many; STRICT_: on one, each on its own"
    )
    concurrent_arms: int = place(0, ge=0, doc="arms at a time; 0: as many as the cluster holds")
    may_grow: bool = place(
        False, doc="the cluster adds nodes on demand: concurrent_arms counts, not what is there now"
    )
    priority: int = place(0, doc="among studies that share a cluster; the higher one goes first")
    max_failures: int = place(2, ge=0, doc="restarts of a run after a crash, from its checkpoint")

    @model_validator(mode="after")
    def _something(self) -> "Resources":
        if not self.cpus_per_worker and not self.gpus_per_worker:
            raise ValueError("a worker needs cpus_per_worker or gpus_per_worker above 0")
        if self.max_workers and self.max_workers < self.workers:
            raise ValueError(f"max_workers={self.max_workers} is below workers={self.workers}")
        gpus = self.gpus_per_worker
        if gpus > 1 and gpus != int(gpus):
            raise ValueError(
                f"gpus_per_worker={gpus:g}: a part of one GPU (below 1) or whole ones; choose "
                f"{int(gpus)} or {int(gpus) + 1}"
            )
        if 0 < gpus < 1 and self.most_workers > 1:
            raise ValueError(
                f"gpus_per_worker={gpus:g} with {self.most_workers} workers: two workers of one "
                "run cannot share a GPU. Give each a whole one, or set workers=1 and max_workers=0 "
                "to have several runs on a GPU"
            )
        if self.may_grow and not self.concurrent_arms:
            raise ValueError("may_grow needs concurrent_arms: how many arms may run at a time")
        return self

    def check(self, runs: Iterable[TrainConfig]) -> None:
        """`ValueError` unless batches divide over every number of workers, and mean the same.

        runs: of the cells; those of their stages are looked at with them, of like ones the first.
        """
        if self.most_workers == 1:
            return
        seen = set()
        for run in runs:
            key = canonical({name: getattr(run, name) for name in _SHARED_OUT})
            if key not in seen:
                seen.add(key)
                stages = {f"stages.{name}.": view for name, view in run.stage_runs().items()}
                for where, one in {"": run, **stages}.items():
                    self._check(one, where)

    def _check(self, run: TrainConfig, where: str) -> None:
        counts = range(self.workers, self.most_workers + 1)
        told, wanted = " or ".join(map(str, counts)), lcm(*counts) * run.accumulate
        if run.batch_size % wanted:
            raise ValueError(
                f"{where}batch_size={run.batch_size} does not divide into equal pieces for "
                f"{told} workers and accumulate={run.accumulate}; choose a multiple of {wanted}"
            )
        if run.tail is not None and run.tail.identities % lcm(*counts):
            raise ValueError(
                f"{where}tail.identities={run.tail.identities} does not divide into {told} "
                f"workers; choose a multiple of {lcm(*counts)}"
            )
        if not run.sync_batchnorm:
            raise ValueError(
                f"resources.workers changes no result only while {where}sync_batchnorm is on"
            )

    @property
    def most_workers(self) -> int:
        """Of one run at a time."""
        return max(self.workers, self.max_workers)


class Budget(Config):
    """Limits of a study; 0 means none. When one is spent, running arms finish and none begins.

    Arms that still run when half as many hours again are spent end after their epoch, and go on
    from there once there is more to spend. Hours of CPUs and GPUs are those that are held for runs:
    of running, stopped, failed and crashed ones as well.
    """

    hours: float = setting(0.0, ge=0, doc="wall time of one call of run", unit="h")
    cpu_hours: float = setting(0.0, ge=0, doc="CPUs times hours of all runs on record", unit="h")
    gpu_hours: float = setting(0.0, ge=0, doc="GPUs times hours of all runs on record", unit="h")
    runs: int = setting(0, ge=0, doc="replicates begun, over all calls of run")

    def check(self, cells: int, resources: Resources) -> None:
        """`ValueError` where nothing could come of it."""
        if self.gpu_hours and not resources.gpus_per_worker:
            raise ValueError(
                f"budget.gpu_hours={self.gpu_hours:g}, but resources.gpus_per_worker=0: no GPU is "
                "ever used. Give workers a GPU, or set budget.cpu_hours or budget.hours"
            )
        if self.cpu_hours and not resources.cpus_per_worker:
            raise ValueError(
                f"budget.cpu_hours={self.cpu_hours:g}, but resources.cpus_per_worker=0: no CPU is "
                "ever counted. Give workers one, or set budget.gpu_hours or budget.hours"
            )
        if self.runs and self.runs < cells:
            raise ValueError(
                f"budget.runs={self.runs} is less than one run for each of the {cells} cells; "
                "raise it, or narrow an axis"
            )


class Study(Config):
    """A question and the design that answers it.

    axes: path -> values, each a step of the grid. `a+b` -> pairs of a value for a and one for b:
    fields that vary together, as the length of a run and settings that follow from it.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    question: str
    base: TrainConfig
    axes: dict[str, tuple[Any, ...]]
    space: dict[str, Distribution] = Field(default_factory=dict)
    search: Search = Search()
    pruning: Pruning = Field("halving", validate_default=True)
    replicates: Replicates = Replicates()
    selection: Selection = Selection()
    report: tuple[str, ...] = Field(min_length=1)
    table: str = "study"
    published: str = ""
    budget: Budget = Budget()
    contest: Contest | None = None
    resources: Resources = Field(Resources(), json_schema_extra={"place": True})

    @model_validator(mode="after")
    def _fits_together(self) -> "Study":
        if not self.axes or any(not values for values in self.axes.values()):
            raise ValueError("a study needs at least one axis, and every axis at least one value")
        if len(set(self.varied)) != len(self.varied):
            raise ValueError(f"a field is on two axes: {', '.join(self.axes)}")
        configs = [self.config_at(point) for point in product(*self.axes.values())]
        if len({canonical(config) for config in configs}) < len(configs):
            raise ValueError(
                "two points of the axes are one and the same run; leave one of them out"
            )
        searched.check(self.space, self.varied, configs)
        self.search.check(self.space, self.selection)
        alike = {(id(config.data), config.compat is None): config for config in configs}
        for config in alike.values():
            self.selection.check(config)
        self._rungs_are_measured(configs)
        for config in configs:
            if config.compat is not None:
                config.compat.check(config, self.replicates.seeds)
        self.budget.check(len(configs), self.resources)
        if self.contest is not None:
            if self.search.sampler.name != "grid" or self.pruning.name != "none":
                raise ValueError(
                    "a contest needs the records of every point: set search.sampler=grid (and "
                    "search.arms_per_cell above its points) and pruning=none"
                )
            self.contest.check(self.space, self.selection, configs)
        self.resources.check(configs)
        crossed = _ACROSS if any(config.compat is not None for config in configs) else ()
        known = {
            f"{b.name}/{v}/{what}"
            for b in self.base.data.benchmarks
            for v in self.base.variants
            for what in ("accuracy", *crossed)
        }
        unknown = [name for name in self.report if name not in known]
        if unknown:
            raise ValueError(
                f"report names {unknown}, which nothing measures; there is {sorted(known)}"
            )
        return self

    def _rungs_are_measured(self, configs: Sequence[TrainConfig]) -> None:
        """A rule compares values: its cells have them, of runs of one length."""
        rule = self.pruning.name
        if rule == "none":
            return
        if self.selection.against:
            raise ValueError(
                f"pruning={rule} judges one number, but selection.against names "
                f"{', '.join(self.selection.against)} beside selection.metric; set pruning=none"
            )
        if "epochs" in self.space:
            raise ValueError(
                f"pruning={rule} compares runs of one length, but epochs is searched; set "
                "pruning=none, or put epochs on an axis"
            )
        module = discover.load("frlib.pruning", rule)
        if getattr(module, "BEARS", False) and not any(
            pruning.is_changeable(path, leaf) for path, _, leaf in leaves(self.space)
        ):
            raise ValueError(
                f"pruning={rule} changes real numbers below head. and optimiser. while arms run, "
                f"but space holds {', '.join(sorted(self.space)) or 'nothing'}; search one, e.g. "
                "optimiser.lr, or choose another rule"
            )
        for config in configs:
            for epoch in unmeasured(self.pruning, config):
                raise ValueError(
                    f"pruning={rule} compares arms after {epoch} epochs, but select_every="
                    f"{config.select_every} measures nothing there; choose among its multiples"
                )

    @property
    def varied(self) -> tuple[str, ...]:
        """Paths of the fields on the axes, in order: what tells cells apart."""
        return tuple(path for axis in self.axes for path in fields_of(axis))

    def config_at(self, point: tuple[Any, ...]) -> TrainConfig:
        """The base config with one value per axis; it is validated with all of them in place."""
        settings = [settings_at(axis, v) for axis, v in zip(self.axes, point, strict=True)]
        return with_paths(self.base, dict(pair for pairs in settings for pair in pairs))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `Study.parse` reads them back."""
        return to_dict(self)
