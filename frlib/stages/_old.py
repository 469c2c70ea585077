"""An old model as stages see it: whose it is, and where."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from frlib.core.config import place, setting
from frlib.data.vectors import SUFFIXES
from frlib.train import staged
from frlib.train.config import TrainConfig
from frlib.train.staged import Stage
from frlib.train.start import checksum, file_of, first_digits

if TYPE_CHECKING:
    from frlib.train.config import Backbone


class Origin(Stage):
    """A train stage's model, a model at a path, or features that are there already."""

    model: str = setting("", doc="a train stage of this run; empty: the model at a path")
    path: str = place(
        "",
        doc="a folder r<seed> of a finished run, any model that `frlib eval` takes, or features "
        "(.arrow, .npz, .parquet) with the ids of the images",
    )
    sha256: str = setting(
        "", doc="first 16 digits of the file's checksum; empty: those of the file that is there"
    )

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not value.get("path"):
            return value
        path = Path(str(value["path"])).expanduser().absolute()
        told = str(value.get("sha256") or "")
        digits = first_digits(told) if told else checksum(file_of(str(path)))
        return value | {"path": str(path), "sha256": digits}

    @property
    def has_vectors(self) -> bool:
        """Whether features are there already, and no model is asked."""
        return Path(self.path).suffix in SUFFIXES

    def backbone(self, run: TrainConfig) -> "Backbone":
        """Of the old model; the run's own stands in for one at a path, which nobody has opened."""
        return staged.trained_by(self.model, run).backbone if self.model else run.backbone
