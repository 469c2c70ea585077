"""What an old model gives for the images of a run, so that nothing else of it is needed.

    train.arrow             training images, of the noisy set before any cleaning
    selection.arrow         images of the held-out pairs
    benchmark-<name>.arrow  images of a benchmark's pairs, mirrored ones as well
    about.json              which model, of which images

Each is a file of `frlib.evaluate.features`: float16 directions, float32 norms, ids of the samples.
Rows are found by id, so who trains on some of the images needs no file of their own. Where noise is
in labels alone the images are those of the clean set, and runs of all ratios share the output.

Source: MixBCT repository (yuleung), state of April 2025, tools/get_feature. It embeds with the
pipeline of training, which mirrors every second image by chance (`flip="random"`).
"""

from pathlib import Path
from typing import Any, Literal

from frlib.core.config import setting, to_dict, with_path
from frlib.core.errors import ConfigError
from frlib.data.config import NoiseConfig
from frlib.stages._bare import bare
from frlib.stages._cost import Cost
from frlib.stages._job import Job
from frlib.stages._old import Origin
from frlib.train import staged
from frlib.train.config import TrainConfig


class Config(Origin):
    """Whose features, and of which view of training images."""

    name: Literal["old_features"] = "old_features"
    flip: Literal["none", "random"] = setting(
        "none",
        doc="training images as they are, or each mirrored with probability 1/2",
        source="MixBCT repository: its training pipeline, so random",
    )


def inputs(config: Config, run: TrainConfig) -> tuple[str, ...]:
    """The train stage, if its model is meant."""
    return (config.model,) if config.model else ()


def view(config: Config, run: TrainConfig) -> TrainConfig:
    """The run without what comes before it, and without noise that is in labels alone.

    `ConfigError` where it is not one model that is meant, or one for images of another size.
    """
    if bool(config.model) == bool(config.path):
        raise ConfigError(
            f"model={config.model!r} and path={config.path!r}: expected one of the two, a train "
            "stage of this run or the path of a model"
        )
    if config.model:
        size = staged.trained_by(config.model, run).data.size
        if size != run.data.size:
            raise ConfigError(
                f"model={config.model!r} takes images of {size} pixels, and those of this run have "
                f"{run.data.size}; train both on one data.size"
            )
    if config.flip == "random" and config.has_vectors:
        raise ConfigError(
            f"flip=random with {config.path}: features that are there already are not mirrored; "
            "leave flip out"
        )
    seen = bare(run)
    if not run.noise.changes_images:
        return with_path(seen, "noise", NoiseConfig())
    if config.seed is not None:
        raise ConfigError(
            f"seed={config.seed} with noise in images ({', '.join(run.noise.active)}): every "
            "replicate draws images of its own; leave the seed out"
        )
    return seen


def identity(config: Config, run: TrainConfig) -> dict[str, Any]:
    """The file at a path, the flip, and which images; a model of a stage is told by the input."""
    seen = view(config, run)
    told = {"sha256": config.sha256, "flip": config.flip}
    return told | {"data": seen.data, "noise": seen.noise}


def counted(config: Config, run: TrainConfig) -> dict[str, Any]:
    """All of it but the place."""
    return to_dict(config, places=False)


def draws(config: Config, run: TrainConfig) -> bool:
    """Where images are mirrored by chance, or noise draws them."""
    return config.flip == "random" or run.noise.changes_images


def cost(config: Config, run: TrainConfig) -> Cost:
    """A pass of the old model; two bytes a number and four for the norm."""
    seen, backbone = view(config, run), config.backbone(run)
    passes = () if config.has_vectors else (with_path(seen, "backbone", backbone),)
    return Cost(seen=seen, passes=passes, sample_bytes=2 * backbone.embedding_size + 4)


def produce(job: Job, folder: Path) -> dict[str, Any]:
    """Embed all images; goes on with the blocks that are there."""
    from frlib.stages import _old_features

    return _old_features.collect(job, view(_config(job), job.run), folder)


def features(folder: Path) -> Path:
    """The folder of the features in an artefact."""
    return folder


def _config(job: Job) -> Config:
    assert isinstance(job.stage, Config)
    return job.stage
