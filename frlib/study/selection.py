"""What chooses between arms. Numbers of benchmarks do not fit here: they are reported alone."""

from typing import Literal

from frlib.core.config import Config, setting
from frlib.data.config import Measured
from frlib.train.config import TrainConfig

Other = Literal["worst_auc", "worst_accuracy", "seconds", "images", "parameters", "gib", "joules"]
Mode = Literal["max", "min"]


class Selection(Config):
    """A number on held-out identities; perhaps others that must be paid for it.

    With `against` a search looks for a front: arms that no other arm of their cell beats in all
    objectives. In the table the arm with the best `metric` stands for its cell.
    """

    metric: Measured = setting(
        "auc",
        doc="measured on held-out identities; worst_*: of their worst group; cross_*: against an "
        "old model's features; compatible_*: mean of that and of the model alone",
    )
    against: tuple[Other, ...] = setting(
        (),
        doc="further objectives: the worst group of held-out identities (data.holdout.groups), or "
        "what a run costs",
    )

    def check(self, run: TrainConfig) -> None:
        """`ValueError` where such runs do not measure what is to be compared."""
        for metric in (self.metric, *(n for n in self.against if n.startswith("worst_"))):
            lacking = run.lacks(metric)
            if lacking:
                raise ValueError(f"selection names {metric}, which is {lacking}")

    @property
    def name(self) -> str:
        """The metric's name in the records."""
        return f"selection/{self.metric}"

    @property
    def mode(self) -> Mode:
        """Whether more or less is better."""
        return "min" if self.metric == "eer" else "max"

    @property
    def others(self) -> tuple[tuple[str, Mode], ...]:
        """(name in the records, which values are better) of the further objectives."""
        return tuple(
            (f"selection/{name}", "max") if name.startswith("worst_") else (f"cost/{name}", "min")
            for name in self.against
        )
