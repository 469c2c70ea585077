"""A study is a value: a question, a base run, axes that make the table, a space that is searched.

Everything here is plain and typed: a study round-trips through JSON and decides nothing by itself.
`frlib.study.arms` spells it out as cells and arms.
"""

from itertools import product
from math import lcm
from typing import Any, Literal

from pydantic import Field, model_validator

from frlib.core.config import Config, get_path, has_path, place, setting, to_dict, with_path
from frlib.core.space import Distribution
from frlib.train.config import TrainConfig


def searches(config: TrainConfig, path: str, distribution: Distribution) -> bool:
    """Whether a cell searches a field: it has it, and its own value can be drawn.

    So `head.lam` between 0.5 and 5 is searched for BoundaryFace (lam = pi), and left alone for
    BoundaryF1 (lam = 0) and for heads without a lam.
    """
    return has_path(config, path) and distribution.contains(get_path(config, path))


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


class Search(Config):
    """How many arms a cell may try, and who proposes them. The first is the cell's default."""

    arms_per_cell: int = setting(1, ge=1, doc="arms tried in each cell; 1: the default only")
    sampler: Literal["tpe", "random"] = setting("tpe", doc="Optuna sampler")
    seed: int = setting(0, doc="seed of the sampler")


class Pruning(Config):
    """Successive halving inside a cell; fidelity is epochs first, then replicates.

    Rungs: `first_epoch`, then times `keep_one_in` while inside the first replicate, then the end of
    each replicate. At a rung an arm goes on if it is in the best 1/`keep_one_in` of the arms of its
    cell that have reached it. Default arms always go on: a cell never loses its reference.
    """

    rule: Literal["none", "halving"] = setting("halving", doc="when to stop an arm early")
    first_epoch: int = setting(5, ge=1, doc="first rung", unit="epochs")
    keep_one_in: int = setting(2, ge=2, doc="reduction factor at each rung")


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


class Selection(Config):
    """What chooses between arms: a number on held-out identities. No benchmark fits here."""

    metric: Literal["auc", "accuracy", "eer"] = setting(
        "auc", doc="measured on held-out identities"
    )

    @property
    def name(self) -> str:
        """The metric's name in the records."""
        return f"selection/{self.metric}"

    @property
    def mode(self) -> Literal["max", "min"]:
        """Whether more or less is better."""
        return "min" if self.metric == "eer" else "max"


class Budget(Config):
    """Limits of a study; 0 means none. When spent, running arms finish and no new ones start."""

    hours: float = setting(0.0, ge=0, doc="wall time of one call of run", unit="h")


class Resources(Config):
    """Where a study runs; changes no result."""

    workers: int = place(
        1, ge=1, doc="data-parallel workers of one run; 1 runs in the trial itself"
    )
    max_workers: int = place(
        0, ge=0, doc="a run may grow to so many as the cluster does; 0: workers, no more, no less"
    )
    cpus_per_worker: float = place(1.0, ge=0, doc="CPUs of one worker")
    gpus_per_worker: float = place(0.0, ge=0, doc="GPUs of one worker")
    concurrent_arms: int = place(0, ge=0, doc="arms at a time; 0: as many as the cluster holds")
    max_failures: int = place(2, ge=0, doc="restarts of a run after a crash, from its checkpoint")

    @model_validator(mode="after")
    def _something(self) -> "Resources":
        if not self.cpus_per_worker and not self.gpus_per_worker:
            raise ValueError("a worker needs cpus_per_worker or gpus_per_worker above 0")
        if self.max_workers and self.max_workers < self.workers:
            raise ValueError(f"max_workers={self.max_workers} is below workers={self.workers}")
        return self

    @property
    def most_workers(self) -> int:
        """Of one run at a time."""
        return max(self.workers, self.max_workers)


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
    pruning: Pruning = Pruning()
    replicates: Replicates = Replicates()
    selection: Selection = Selection()
    report: tuple[str, ...] = Field(min_length=1)
    table: str = "study"
    published: str = ""
    budget: Budget = Budget()
    resources: Resources = Field(Resources(), json_schema_extra={"place": True})

    @model_validator(mode="after")
    def _axes_and_space_fit(self) -> "Study":
        if not self.axes or any(not values for values in self.axes.values()):
            raise ValueError("a study needs at least one axis, and every axis at least one value")
        if len(set(self.varied)) != len(self.varied):
            raise ValueError(f"a field is on two axes: {', '.join(self.axes)}")
        configs = [self.config_at(point) for point in product(*self.axes.values())]
        for path in self.space:
            if path in self.varied:
                raise ValueError(f"{path} is an axis and searched at once")
            if not any(has_path(config, path) for config in configs):
                get_path(configs[0], path)
            searching = [c for c in configs if searches(c, path, self.space[path])]
            if not searching:
                values = {get_path(c, path) for c in configs if has_path(c, path)}
                raise ValueError(
                    f"{path} is searched nowhere: no cell's own value ({sorted(values)}) lies "
                    f"inside {self.space[path]}"
                )
            for config in searching:
                for edge in self.space[path].edges():
                    with_path(config, path, edge)
        self._rungs_are_measured()
        self._batches_divide()
        if self.resources.most_workers > 1 and not self.base.sync_batchnorm:
            raise ValueError(
                "resources.workers changes no result only while base.sync_batchnorm is on"
            )
        known = {
            f"{b.name}/{v}/accuracy" for b in self.base.data.benchmarks for v in self.base.variants
        }
        unknown = [name for name in self.report if name not in known]
        if unknown:
            raise ValueError(
                f"report names {unknown}, which nothing measures; there is {sorted(known)}"
            )
        return self

    def _batches_divide(self) -> None:
        counts = range(self.resources.workers, self.resources.most_workers + 1)
        wanted = lcm(*counts) * self.base.accumulate
        if self.base.batch_size % wanted:
            raise ValueError(
                f"base.batch_size={self.base.batch_size} does not divide into equal pieces for "
                f"{' or '.join(map(str, counts))} workers and accumulate={self.base.accumulate}; "
                f"choose a multiple of {wanted}"
            )

    def _rungs_are_measured(self) -> None:
        if self.pruning.rule != "none" and "epochs" in self.varied:
            raise ValueError(
                "pruning compares arms after equal epochs of runs of one length, but epochs is on "
                "an axis; set pruning.rule=none"
            )
        rung, every = self.pruning.first_epoch, self.base.select_every
        while self.pruning.rule != "none" and rung < self.base.epochs:
            if rung % every and rung != 1:
                raise ValueError(
                    f"pruning compares arms after {rung} epochs, but base.select_every={every} "
                    "measures nothing there; choose pruning.first_epoch among its multiples"
                )
            rung *= self.pruning.keep_one_in

    @property
    def varied(self) -> tuple[str, ...]:
        """Paths of the fields on the axes, in order: what tells cells apart."""
        return tuple(path for axis in self.axes for path in fields_of(axis))

    def config_at(self, point: tuple[Any, ...]) -> TrainConfig:
        """The base config with one value per axis, applied in the order of the axes."""
        config = self.base
        for axis, value in zip(self.axes, point, strict=True):
            for path, part in settings_at(axis, value):
                config = with_path(config, path, part)
        return config

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `Study.parse` reads them back."""
        return to_dict(self)
