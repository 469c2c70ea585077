"""Searches that compete for the answer of a study that has tried every point."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from frlib.core import discover
from frlib.core.config import Choice, Config, setting
from frlib.core.space import Space
from frlib.study.rungs import unmeasured
from frlib.study.search import Limits, Search
from frlib.study.selection import Selection
from frlib.train.config import TrainConfig

if TYPE_CHECKING:
    from frlib import pruning

    Pruning = pruning.Pruning
else:
    Pruning = Choice["frlib.pruning"]


class Strategy(Config):
    """One way to search: how points are found, and when arms are stopped."""

    label: str = Field(min_length=1)
    search: Search
    pruning: Pruning = Field("none", validate_default=True)

    @model_validator(mode="after")
    def _can_be_played(self) -> "Strategy":
        if self.search.warm_start or self.search.limits != Limits():
            raise ValueError(
                f"strategy {self.label!r} has search.warm_start or search.limits; a contest begins "
                "with nothing and limits nothing: leave both out"
            )
        rule = self.pruning.name
        if getattr(discover.load("frlib.pruning", rule), "BEARS", False):
            raise ValueError(
                f"strategy {self.label!r}: pruning={rule} changes arms while they run, so they "
                "leave the grid; choose a rule that only stops arms"
            )
        return self


class Contest(Config):
    """Each strategy searches again and again in the records of a full grid; nothing is trained.

    A strategy proposes in the study's own space and is given the nearest point of the grid, whose
    recorded courses are played epoch by epoch: to the rule that stops, and on a clock of recorded
    seconds with `slots` arms at a time. `repeats` differ in the seed of the search, and in the
    order in which all arms run their replicates.
    """

    strategies: tuple[Strategy, ...] = Field(min_length=1)
    repeats: int = setting(30, ge=2, doc="searches of each strategy, of different seeds")
    slots: int = setting(2, ge=1, doc="arms at a time")
    levelled: bool = setting(
        False,
        doc="every epoch takes the mean of all in the grid: for arms of equal work, where recorded "
        "seconds differ by what else the machine did",
    )

    @model_validator(mode="after")
    def _labels_differ(self) -> "Contest":
        labels = [one.label for one in self.strategies]
        if len(set(labels)) != len(labels):
            raise ValueError(f"labels of strategies repeat: {labels}")
        return self

    def check(self, space: Space, selection: Selection, configs: Sequence[TrainConfig]) -> None:
        """`ValueError` where a strategy cannot search this space in these cells."""
        if selection.against:
            raise ValueError(
                f"a contest has one winner, but selection.against names "
                f"{', '.join(selection.against)} beside selection.metric; leave it out"
            )
        for one in self.strategies:
            try:
                one.search.check(space, selection)
            except ValueError as error:
                raise ValueError(f"strategy {one.label!r}: {error}") from error
            for config in configs:
                rungs = unmeasured(one.pruning, config)
                if rungs:
                    raise ValueError(
                        f"strategy {one.label!r} compares arms after {rungs[0]} epochs, but "
                        f"select_every={config.select_every} measures nothing there; choose among "
                        "its multiples"
                    )
