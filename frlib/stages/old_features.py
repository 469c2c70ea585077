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

from pydantic import model_validator

from frlib.core.config import place, setting, to_dict, with_path
from frlib.core.errors import ConfigError
from frlib.data.config import NoiseConfig
from frlib.stages._bare import bare
from frlib.stages._cost import Cost
from frlib.stages._job import Job
from frlib.train import staged
from frlib.train.config import TrainConfig
from frlib.train.staged import Stage
from frlib.train.start import checksum, file_of, first_digits

TRAIN, SELECTION, ABOUT = "train.arrow", "selection.arrow", "about.json"
FILES = (".arrow", ".feather", ".npz", ".parquet")
"""Suffixes of features that are there already."""


class Config(Stage):
    """Whose features: a train stage's model, a model at a path, or a file of features."""

    name: Literal["old_features"] = "old_features"
    model: str = setting("", doc="a train stage of this run; empty: the model at a path")
    path: str = place(
        "",
        doc="a folder r<seed> of a finished run, any model that `frlib eval` takes, or features "
        "(.arrow, .npz, .parquet) with the ids of the images",
    )
    sha256: str = setting(
        "", doc="first 16 digits of the file's checksum; empty: those of the file that is there"
    )
    flip: Literal["none", "random"] = setting(
        "none",
        doc="training images as they are, or each mirrored with probability 1/2",
        source="MixBCT repository: its training pipeline, so random",
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
    if config.flip == "random" and is_file(config):
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
    passed = asked(config, run)
    passes = () if is_file(config) else (passed,)
    size = 2 * passed.backbone.embedding_size + 4
    return Cost(seen=view(config, run), passes=passes, sample_bytes=size)


def asked(config: Config, run: TrainConfig) -> TrainConfig:
    """What is seen, with the backbone of the old model.

    The run's own one stands in for a model at a path, which nobody has opened yet.
    """
    seen = view(config, run)
    if not config.model:
        return seen
    return with_path(seen, "backbone", staged.trained_by(config.model, run).backbone)


def produce(job: Job, folder: Path) -> dict[str, Any]:
    """Embed all images; goes on with the blocks that are there."""
    from frlib.stages import _old_features

    return _old_features.collect(job, view(_config(job), job.run), folder)


def features(folder: Path) -> Path:
    """The folder of the features in an artefact."""
    return folder


def benchmark(name: str) -> str:
    """The file of a benchmark."""
    return f"benchmark-{name}.arrow"


def is_file(config: Config) -> bool:
    """Whether features that are there already are meant."""
    return Path(config.path).suffix in FILES


def _config(job: Job) -> Config:
    assert isinstance(job.stage, Config)
    return job.stage
