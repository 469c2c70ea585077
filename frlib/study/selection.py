"""What chooses between arms. Numbers of benchmarks do not fit here: they are reported alone."""

from typing import Literal

from frlib.core.config import Config, setting
from frlib.data.config import DataConfig, Measured

Other = Literal["worst_auc", "worst_accuracy", "seconds", "images", "parameters", "gib", "joules"]
Mode = Literal["max", "min"]


class Selection(Config):
    """A number on held-out identities; perhaps others that must be paid for it.

    With `against` a search looks for a front: arms that no other arm of their cell beats in all
    objectives. In the table the arm with the best `metric` stands for its cell.
    """

    metric: Measured = setting(
        "auc", doc="measured on held-out identities; worst_*: of their worst group"
    )
    against: tuple[Other, ...] = setting(
        (),
        doc="further objectives: the worst group of held-out identities (data.holdout.groups), or "
        "what a run costs",
    )

    def check(self, data: DataConfig) -> None:
        """`ValueError` where runs on this data do not measure what is to be compared."""
        for metric in (self.metric, *(n for n in self.against if n.startswith("worst_"))):
            if not data.holdout.measures(metric):
                raise ValueError(
                    f"selection names {metric}, of the worst group of held-out identities, but "
                    "there are no groups; set data.holdout.groups"
                )

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
