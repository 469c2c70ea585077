"""A new model that is to be searched against an old one's gallery: whose, and by which method.

No torch here. The old model and its features are made once by stages that a run brings with it
(`implied`), and shared by all runs that agree in them.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from frlib.core import discover, safeio
from frlib.core.config import Choice, Config, canonical, place, setting
from frlib.core.errors import ConfigError
from frlib.train.old_files import ABOUT
from frlib.train.start import checksum, file_of, first_digits

if TYPE_CHECKING:
    from frlib.compat import Method
    from frlib.train.config import TrainConfig
else:
    Method = Choice["frlib.compat"]

OLD, FEATURES, SUMMARY = "compat.old", "compat.features", "compat.summary"
"""Names of the stages that a run brings with it; no stage of a config has a dot in its name."""
APART = 1000
"""From the replicate's seed to its old model's. Heads of as many classes and of one seed begin with
the same class centres, and then models that nothing else ties together look compatible: on extended
data with an old ArcFace (three epochs of procedural faces, no method) 82 to 83 % across models of
one seed, 49 to 52 % across models of two, where the old model alone had 85 %.
"""
Dimensions = Literal["refuse", "pad", "truncate", "project"]


class Compat(Config):
    """The old model, the method, and how embeddings of two sizes are compared.

    The old model is trained with this run's config and `changes`, or is that of a train stage, or
    lies at a path.
    """

    method: Method = Field(
        "none", validate_default=True, description="a module of frlib.compat; none: cross-test only"
    )
    changes: dict[str, Any] = setting(
        {}, doc="path of a field -> its value in the training of the old model"
    )
    seed: int | None = setting(
        None,
        doc="one old model for all replicates, trained with it; none: one for each replicate, of a "
        "seed that is 1000 more than its own",
    )
    stage: str = setting("", doc="a train stage of this run whose model is the old one")
    path: str = place(
        "", doc="a folder r<seed> of a finished run, a model file, or a file of its features"
    )
    sha256: str = setting(
        "", doc="first 16 digits of the file's checksum; empty: those of the file that is there"
    )
    flip: Literal["none", "random"] = setting(
        "none",
        doc="old features of training images: of the image as it is, or mirrored by chance",
        source="MixBCT repository: its training pipeline, so random",
    )
    dimensions: Dimensions = setting(
        "refuse",
        doc="where old and new embedding differ in size: refuse, append zeros to the shorter, cut "
        "the longer, or learn a linear map from new to old",
    )
    features: str = place("", doc="the folder of old features, once there is one; leave it empty")
    summary: str = place("", doc="the folder of what they say; leave it empty")
    made: str = setting("", doc="first digits of the checksum of both; leave it empty")

    @field_validator("changes", mode="before")
    @classmethod
    def _is_plain(cls, value: Any) -> Any:
        return json.loads(canonical(value)) if isinstance(value, Mapping) else value

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if value.get("features") and not value.get("made"):
            value = value | {"made": _made(value["features"], value.get("summary", ""))}
        if not value.get("path"):
            return value
        path = Path(str(value["path"])).expanduser().absolute()
        told = str(value.get("sha256") or "")
        digits = first_digits(told) if told else checksum(file_of(str(path)))
        return value | {"path": str(path), "sha256": digits}

    @model_validator(mode="after")
    def _one_origin(self) -> "Compat":
        told = {"changes": self.changes, "stage": self.stage, "path": self.path}
        given = [name for name, value in told.items() if value]
        if len(given) != 1:
            raise ValueError(
                f"{' and '.join(given) or 'none of changes, stage and path'} set; expected one of "
                "the three: which model is the old one"
            )
        if self.sha256 and not self.path:
            raise ValueError(
                f"sha256={self.sha256!r} is set without a path: a checksum is of the file that a "
                "path leads to; leave it empty"
            )
        if self.seed is not None and not self.changes:
            raise ValueError(
                f"seed={self.seed} is of an old model that is trained here, by `changes`; leave it "
                "out"
            )
        if self.method.replaces and self.dimensions in ("truncate", "project"):
            raise ValueError(
                f"dimensions={self.dimensions} with method {self.method.name!r}, which puts old "
                "features in the place of new embeddings: they must be of one size; set "
                "dimensions=pad"
            )
        if not self.trains_map and self.dimensions == "project":
            raise ValueError(
                f"dimensions=project with method {self.method.name!r}, which adds nothing to the "
                "loss that could learn the map; set dimensions to pad or truncate"
            )
        if self.method.sees_centres and self.dimensions in ("truncate", "project"):
            raise ValueError(
                f"dimensions={self.dimensions} with method {self.method.name!r}, which classifies "
                "old features by the new model's centres: they must be of one size; set "
                "dimensions=pad, or its second weight to 0"
            )
        return self

    @property
    def trains_map(self) -> bool:
        """Whether the method adds something to the loss, so that a map can be learned."""
        return hasattr(discover.load("frlib.compat", self.method.name), "build")

    @property
    def model(self) -> str:
        """The train stage whose model is the old one; empty for one at a path."""
        return OLD if self.changes else self.stage

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The stages whose artefacts the run needs; none where it has them."""
        if self.features:
            return ()
        return (FEATURES, SUMMARY) if self.method.needs else (FEATURES,)

    @property
    def label(self) -> str:
        """In tables: that of the method."""
        name: str = discover.load("frlib.compat", self.method.name).label(self.method)
        return name

    def implied(self) -> dict[str, dict[str, Any]]:
        """Name -> config of every stage that the run brings with it."""
        if self.features:
            return {}
        origin: dict[str, Any] = {"model": self.model}
        if self.path:
            origin = {"path": self.path, "sha256": self.sha256}
        stages: dict[str, dict[str, Any]] = {
            FEATURES: {"name": "old_features", "flip": self.flip, **origin}
        }
        if self.changes:
            apart = {"seed": self.seed} if self.seed is not None else {"shift": APART}
            stages[OLD] = {"name": "train", "changes": self.changes, **apart}
        if self.method.needs:
            stages[SUMMARY] = {
                "name": "old_summary",
                "features": FEATURES,
                "needs": self.method.needs,
                "keep_share": self.method.keep_share,
                "column_scale": self.method.column_scale,
                "weighting": self.method.weighting,
            }
        return stages

    def check(self, run: "TrainConfig", seeds: Sequence[int]) -> None:
        """`ValueError` where the method never acts, or the old model has a replicate's seed: see
        `APART`. Begun with the old model's own weights, a run may."""
        if self.method.begins >= run.epochs:
            raise ValueError(
                f"compat.method {self.method.name!r} begins with epoch {self.method.begins}, from "
                f"0, and a run has {run.epochs}: it would never act; set compat.method.start_epoch "
                "below epochs"
            )
        if self.seed in seeds:
            raise ValueError(
                f"compat.seed={self.seed} is a replicate's seed too, and models of one seed look "
                "compatible without any method; choose one beside replicates.seeds"
            )
        stage = run.stages.get(self.stage)
        is_begun = run.start is not None and run.start.stage == self.stage
        if stage is not None and not is_begun and stage.seed is None and not stage.shift:
            raise ValueError(
                f"compat.stage={self.stage!r} is trained with the seed of the run itself, and "
                "models of one seed look compatible without any method; set "
                f"stages.{self.stage}.shift={APART}, or begin with its weights (start)"
            )

    def counted(self) -> dict[str, Any]:
        """What the stages do is in theirs; features that are there count by their checksum."""
        told = {"method": self.method, "dimensions": self.dimensions}
        return told | ({"made": self.made} if self.made else {"old": self.model or self.sha256})


def rule_for(compat: Compat, size: int, old_size: int) -> Dimensions:
    """What is done about two sizes; `ConfigError` where nothing can be, or nothing is set."""
    rule, name = compat.dimensions, compat.method.name
    if size == old_size:
        return "project" if rule == "project" else "refuse"
    if rule == "refuse":
        raise ConfigError(
            f"compat: old features have {old_size} dimensions, the new embedding {size}; set "
            "compat.dimensions to pad, truncate or project, or "
            f"backbone.embedding_size={old_size}"
        )
    if old_size > size and compat.method.replaces:
        raise ConfigError(
            f"compat: old features of {old_size} dimensions cannot stand for new embeddings of "
            f"{size}, as {name!r} has them; set backbone.embedding_size={old_size} or more"
        )
    if old_size > size and compat.method.sees_centres:
        raise ConfigError(
            f"compat: old features of {old_size} dimensions cannot be classified by centres of "
            f"{size}, as {name!r} has them; set backbone.embedding_size={old_size} or more, or its "
            "second weight to 0"
        )
    return rule


def require_made(compat: Compat) -> None:
    """`ConfigError` where a run is begun by itself, so that nothing has made its stages."""
    if compat.waits_for:
        raise ConfigError(
            f"compat: the stages {' and '.join(compat.waits_for)} are not done: this run is begun "
            "by itself, not in a study. Run it in a study of one arm"
        )


def _made(features: str, summary: str) -> str:
    """Of the facts beside features and summary, which name what they were made of."""
    sums = [safeio.sha256(Path(one) / ABOUT) for one in (features, summary) if one]
    return "-".join(one[:16] for one in sums)
