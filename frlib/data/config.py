"""Which images are trained on, who is selected on, what is reported, and what noise is put in.

No torch here: studies are planned without it.
"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from frlib.core.config import Choice, Config, place, setting
from frlib.data.lab.config import NoiseConfig as NoiseConfig
from frlib.data.parts import whole

if TYPE_CHECKING:
    Source = Config
    Part = Config
else:
    Source = Choice["frlib.data.sources"]
    Part = Choice["frlib.data.parts"]


Measured = Literal[
    "auc",
    "accuracy",
    "eer",
    "worst_auc",
    "worst_accuracy",
    "cross_auc",
    "cross_accuracy",
    "compatible_auc",
    "compatible_accuracy",
]
"""On held-out people, all together; `worst_*`: of the group that is served worst; `cross_*`: the
new model against features of the old one; `compatible_*`: the mean of that and of the new model
against itself.
"""
CROSSED = ("cross_auc", "cross_accuracy", "compatible_auc", "compatible_accuracy")


class Holdout(Config):
    """Training identities kept away from training, to select on. Never part of a benchmark."""

    use_small: bool = setting(
        True, doc="identities with 2 to min_images - 1 images are not trained on: select on them"
    )
    fraction: float = setting(
        0.0, ge=0, lt=1, doc="share of the identities large enough to train on that is held out"
    )
    num_pairs: int = setting(2000, ge=20, doc="pairs drawn, half same, half different")
    folds: int = setting(10, ge=1, doc="person-disjoint folds; fewer where too few are held out")
    groups: Literal["", "folder", "file"] = setting(
        "",
        doc="draw pairs inside groups of people, equally many in each, and measure every group: "
        "the first folder of an identity's name, or as groups_file has it; empty: no groups",
    )
    groups_file: str = place("", doc="CSV `identity, group`, for groups=file")
    of: Literal["part", "whole"] = setting(
        "part",
        doc="whose identities: those of data.part, or of the whole set before a part of it is "
        "taken, so that runs on different parts hold out the same people; min_images is then that "
        "of the whole set",
    )

    def counted(self) -> dict[str, Any]:
        """Everything; the groups, and whose identities, only where they are not the default."""
        fields = super().counted()
        if not self.groups:
            del fields["groups"]
        if self.of == "part":
            del fields["of"]
        return fields


class PairBenchmark(Config):
    """Pairs to report on: listed in a CSV (`protocol, fold, path_a, path_b, same`), or drawn.

    A list in the form of a published set is read with `listed`. Images that are a verification set
    (`pair_bin`, `pair_folder`) bring their pairs.
    """

    name: str
    images: Source
    pairs: str = place("", doc="list of pairs; empty: those of the images, or num_pairs drawn")
    listed: Literal[
        "",
        "lfw",
        "sllfw",
        "rfw",
        "agedb_30",
        "cfp_fp",
        "calfw",
        "cplfw",
        "calfw_official",
        "cplfw_official",
    ] = setting("", doc="the set in whose form `pairs` is written; empty: a CSV")
    protocol: str = setting("", doc="value of the CSV's protocol column to read; empty: all rows")
    num_pairs: int = setting(2000, ge=20, doc="pairs drawn when no CSV is given")
    folds: int = setting(10, ge=1, doc="person-disjoint folds when pairs are drawn")

    def counted(self) -> dict[str, Any]:
        """Everything; the form of the list only where it is no CSV."""
        fields = super().counted()
        if not self.listed:
            del fields["listed"]
        return fields


class DataConfig(Config):
    """The training source, the pool for open-set noise, and the held-out identities."""

    train: Source
    part: Part = Field("whole", validate_default=True, description="which part of it is used")
    outliers: Source | None = None
    size: int = setting(64, ge=16, doc="side of the square input", unit="pixels")
    min_images: int = setting(1, ge=1, doc="identities with fewer images are not trained on")
    holdout: Holdout = Holdout()
    own_outliers: float = setting(
        0.0,
        ge=0,
        lt=1,
        doc="share of the identities large enough to train on that is set apart, never trained on, "
        "as a pool of outliers (noise.open.pool=own)",
    )
    benchmarks: tuple[PairBenchmark, ...] = ()
    pixels: Literal["auto", "decoded", "encoded"] = place(
        "auto",
        doc="decode every set once into the store, or images when they are used; auto: the first "
        "for sets that fit into cache_gib and onto the disk",
    )
    cache_gib: float = place(
        0.0, ge=0, doc="GiB that decoded sets may take in the store; 0: no limit"
    )
    loader: Literal["threads", "dali"] = place(
        "threads", doc="decode on the CPU, or on the GPU (dali: up to rounding the same pixels)"
    )
    read_ahead: int = place(2, ge=0, doc="batches made ready while one is trained on")
    decode_threads: int = place(
        0, ge=0, doc="threads that decode a batch together; 0: as many as torch computes with"
    )

    @field_validator("benchmarks")
    @classmethod
    def _distinct(cls, value: tuple[PairBenchmark, ...]) -> tuple[PairBenchmark, ...]:
        names = [b.name for b in value]
        if len(set(names)) != len(names):
            raise ValueError(f"benchmark names repeat: {names}")
        return value

    def counted(self) -> dict[str, Any]:
        """Everything; the part and the share set apart only where there is one."""
        fields = super().counted()
        if not self.own_outliers:
            del fields["own_outliers"]
        if self.part == whole.Config():
            del fields["part"]
        return fields


Variant = Literal["insightface10", "boundaryface10"]
