"""What a model of another stage, and its training, say about samples.

over trained    the samples that the model was trained on, with the labels that it was given
over whole      every sample of the noisy set, with its first label, also those that findings had
                taken out or relabelled before: the model has not learned these by heart

The model sees each image once, not mirrored, in evaluation mode; with `mirrored` its mirror image
too, and answers for the mean of both embeddings, as insightface verifies pairs (recognition/
arcface_torch/eval/verification.py). Every worker passes its share. See `frlib.cleaning.evidence`.
"""

from pathlib import Path
from typing import Any, Literal

from frlib.core.config import setting, to_dict, with_path
from frlib.core.errors import ConfigError
from frlib.stages._bare import bare
from frlib.stages._cost import TABLE_ROW, Cost
from frlib.stages._job import Job
from frlib.train import staged
from frlib.train.config import TrainConfig
from frlib.train.staged import Stage


class Config(Stage):
    """Whose model, and what it is asked."""

    name: Literal["evidence"] = "evidence"
    model: str = setting(
        "", doc="the train stage whose model and decisions are meant; empty: the truth alone"
    )
    sees: tuple[Literal["answers", "embeddings"], ...] = setting(
        ("answers", "embeddings"),
        doc="what the model is asked: its answer to each sample, embeddings; nothing: what the "
        "training decided is all there is, and no image is looked at",
    )
    over: Literal["trained", "whole"] = setting(
        "trained", doc="which samples: those trained on, or all of the noisy set"
    )
    mirrored: bool = setting(
        False, doc="ask for the mean embedding of an image and its mirror image"
    )


def inputs(config: Config, run: TrainConfig) -> tuple[str, ...]:
    """The model, and the stage by whose findings its training set was cleaned."""
    if not config.model:
        return ()
    if config.model not in staged.every(run):
        return (config.model,)
    before = _before(config, run)
    return (config.model, before) if before else (config.model,)


def view(config: Config, run: TrainConfig) -> TrainConfig:
    """The run of the model; `ConfigError` where the stage it names trains none."""
    if config.model:
        return staged.trained_by(config.model, run)
    if config.sees:
        raise ConfigError(f"sees={list(config.sees)} without a model: nobody is asked; name one")
    return bare(run)


def identity(config: Config, run: TrainConfig) -> dict[str, Any]:
    """What is asked; the rest follows from the inputs, or without a model from the data alone."""
    told: dict[str, Any] = {"sees": sorted(config.sees), "over": config.over}
    if config.mirrored:
        told["mirrored"] = True
    if not config.model:
        seen = view(config, run)
        told |= {"data": seen.data, "noise": seen.noise}
    return told


def counted(config: Config, run: TrainConfig) -> dict[str, Any]:
    """All of it."""
    return to_dict(config, places=False)


def cost(config: Config, run: TrainConfig) -> Cost:
    """A pass where the model is asked; losses, answers (seven numbers) and embeddings are kept."""
    seen = view(config, run)
    kept = {
        "losses": 2 * seen.epochs if config.model else 0,
        "answers": 7 * 8 if "answers" in config.sees else 0,
        "embeddings": 4 * seen.backbone.embedding_size if "embeddings" in config.sees else 0,
    }
    passes = (seen,) * (1 + config.mirrored) if config.sees else ()
    return Cost(seen=seen, passes=passes, sample_bytes=TABLE_ROW + sum(kept.values()))


def produce(job: Job, folder: Path) -> dict[str, Any]:
    """Write the evidence; says how many samples and classes there are."""
    from frlib.stages import _evidence

    assert isinstance(job.stage, Config)
    if not job.stage.model:
        return _evidence.truth_alone(view(job.stage, job.run), job, folder)
    stages = staged.every(job.run)
    model, module = stages[job.stage.model], staged.module_of(job.run, job.stage.model)
    made = job.inputs[job.stage.model]
    several = hasattr(module, "trained")
    run = module.trained(model, job.run, made) if several else view(job.stage, job.run)
    clean = getattr(model, "clean", None)
    if clean is not None and clean.stage:
        run = with_path(run, "clean", staged.cleaned(clean, job.run, job.inputs))
    trained = _evidence.Trained(run, module.weights(made), job.store)
    asked = job.stage
    return _evidence.collect(
        trained, asked.sees, asked.over, job.place, folder, mirrored=asked.mirrored
    )


def _before(config: Config, run: TrainConfig) -> str:
    clean = getattr(staged.every(run)[config.model], "clean", None)
    return clean.stage if clean is not None else ""
