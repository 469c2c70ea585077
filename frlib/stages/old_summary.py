"""What old features say of the classes that a run trains on, with the labels it trains with.

    summary.safetensors  by need:
        credible     credible [N]: samples near to the mean of their class, 1, and others, 0
        means        means [C, d]: of length 1, zero for a class without old features
        classifier   classifier [C, d]: the old model's own centres of the same people, of length 1;
                     zero for people it has no class for; of several the nearest to the mean
        radius       centre [C, d], radius [C], count [C]
    about.json           of which features and which training set, and what there is

Rows and classes are those of the training set after noise and cleaning, in its order. Formulas:
`frlib.denoise.credible_centroid`, `frlib.compat._classes`.
"""

from pathlib import Path
from typing import Any, Literal

from frlib.compat import Need
from frlib.core.config import setting, to_dict
from frlib.core.errors import ConfigError
from frlib.stages._bare import bare
from frlib.stages._cost import Cost
from frlib.stages._job import Job
from frlib.stages._old import Origin
from frlib.train import staged
from frlib.train.config import TrainConfig
from frlib.train.staged import Stage

_OF_CLASSES = ("means", "classifier", "radius")
_CLASS_IMAGES = 16
"""Images that a class has, at least, about."""


class Config(Stage):
    """Of which features, and what is asked of them."""

    name: Literal["old_summary"] = "old_summary"
    features: str = setting("", doc="the old_features stage")
    needs: tuple[Need, ...] = setting((), doc="what is found out")
    keep_share: float = setting(
        0.9,
        gt=0,
        le=1,
        doc="T: share of every class that is credible",
        source="MixBCT repository, denoise_credible.py",
    )
    column_scale: bool = setting(
        True,
        doc="scale every dimension to length 1 over the whole set before distances are taken",
        source="MixBCT repository, denoise_credible.py",
    )
    weighting: Literal["raw", "unit"] = setting(
        "raw",
        doc="old features weigh in class means by their length, or all the same",
        source="MixBCT repository, tools of BCT: raw",
    )


def inputs(config: Config, run: TrainConfig) -> tuple[str, ...]:
    """The features, the findings that the run is cleaned by, the old model if its head is read."""
    names = [config.features]
    if run.clean.waits_for:
        names.append(run.clean.waits_for)
    stage = staged.every(run).get(config.features)
    if "classifier" in config.needs and isinstance(stage, Origin) and stage.model:
        names.append(stage.model)
    return tuple(names)


def view(config: Config, run: TrainConfig) -> TrainConfig:
    """The run without what comes before it; `ConfigError` where nothing can be found out."""
    stage = features_of(config, run)
    if not config.needs:
        raise ConfigError("needs=[]: nothing is to be found out; name a need, or leave it out")
    if "classifier" in config.needs and stage.has_vectors:
        raise ConfigError(
            f"needs=classifier with the features {stage.path}: a file of features has no classes; "
            "give the folder r<seed> of the old model's run"
        )
    if config.seed is not None and run.noise.active:
        raise ConfigError(
            f"seed={config.seed} with noise ({', '.join(run.noise.active)}): every replicate draws "
            "labels of its own; leave the seed out"
        )
    return bare(run)


def identity(config: Config, run: TrainConfig) -> dict[str, Any]:
    """What is found out, and of which training set; the features are told by the input."""
    seen = view(config, run)
    told: dict[str, Any] = {"needs": sorted(config.needs), "data": seen.data, "noise": seen.noise}
    if "credible" in config.needs:
        told |= {"keep_share": config.keep_share, "column_scale": config.column_scale}
    if {"means", "classifier"} & set(config.needs):
        told["weighting"] = config.weighting
    if run.clean.is_on:
        told["clean"] = {"apply": run.clean.apply, "sha256": run.clean.sha256}
    return told


def counted(config: Config, run: TrainConfig) -> dict[str, Any]:
    """All of it."""
    return to_dict(config, places=False)


def draws(config: Config, run: TrainConfig) -> bool:
    """Where there is noise."""
    return bool(run.noise.active)


def cost(config: Config, run: TrainConfig) -> Cost:
    """A byte for every sample, vectors for every class; no model is asked."""
    dim = features_of(config, run).backbone(run).embedding_size
    vectors = sum(need in _OF_CLASSES for need in config.needs)
    size = 1 + 4 * dim * vectors // _CLASS_IMAGES
    return Cost(seen=view(config, run), sample_bytes=size)


def produce(job: Job, folder: Path) -> dict[str, Any]:
    """Write the summary; the first worker does it."""
    from frlib.stages import _old_summary

    if not job.place.is_first:
        return {}
    return _old_summary.collect(job, folder)


def features_of(config: Config, run: TrainConfig) -> Origin:
    """The stage whose features are meant; `ConfigError` for one of another kind."""
    stage = staged.every(run)[config.features]
    if not isinstance(stage, Origin):
        raise ConfigError(
            f"features={config.features!r}: {staged.kind_of(stage)} has no old features; name an "
            "old_features stage"
        )
    return stage
