"""When training ends before its last epoch, and which of its models counts. No torch here."""

from typing import Literal

from frlib.core.config import Config, setting
from frlib.data.config import Measured


class Stopping(Config):
    """What is watched is measured on held-out identities: no benchmark fits here."""

    metric: Measured = setting("auc", doc="what is watched on the held-out identities")
    patience: int = setting(
        0, ge=0, doc="evaluations in a row without a better value after which to end; 0: never"
    )
    model: Literal["last", "best"] = setting(
        "last", doc="which model is evaluated on the benchmarks and kept"
    )

    @property
    def name(self) -> str:
        """The metric's name in the records."""
        return f"selection/{self.metric}"

    @property
    def alone(self) -> "Stopping":
        """The same for a run that is compared with no old model: watching itself."""
        measure = self.metric.removeprefix("cross_").removeprefix("compatible_")
        return self.model_copy(update={"metric": measure})

    @property
    def lowest_is_best(self) -> bool:
        """Whether less is better."""
        return self.metric == "eer"

    def is_better(self, value: float, best: float | None) -> bool:
        """Whether a value beats the best one so far; NaN beats nothing."""
        if best is None:
            return value == value
        return value < best if self.lowest_is_best else value > best

    def ends(self, waited: int) -> bool:
        """Whether training ends after so many evaluations without a better value."""
        return 0 < self.patience <= waited
