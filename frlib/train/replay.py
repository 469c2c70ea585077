"""Does a step again that was not finite, from what was kept of it, on one worker."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from frlib.core.config import override
from frlib.core.errors import ConfigError
from frlib.schedules import follow
from frlib.train import failure
from frlib.train.augment import joined_input
from frlib.train.build import build, train_mode
from frlib.train.clock import Clock
from frlib.train.config import TrainConfig
from frlib.train.course import at
from frlib.train.diagnosis import Diagnosis, diagnose
from frlib.train.passes import Piece, spread
from frlib.train.place import here
from frlib.train.precision import autocast, decided
from frlib.train.step import Manner

_HAS_INFLUENCE = ("precision", "head", "backbone", "accumulate", "sync_batchnorm")
_BESIDE = ("tail.", "followed.")
"""Prefixes of what a state keeps of a run that no step needs."""


@dataclass(frozen=True)
class Replay:
    """then: the diagnosis that was kept. now: of the same batch and state. images: numbers -> ids.

    differs: what was set otherwise this time.
    """

    step: int
    epoch: int
    then: dict[str, Any]
    now: Diagnosis
    images: tuple[str, ...]
    differs: tuple[str, ...]

    @property
    def is_finite(self) -> bool:
        """Whether loss and gradients are finite now."""
        return not (self.now.layer or self.now.samples or self.now.gradients)


def replay(folder: Path, sets: Iterable[str] = (), *, use_gpu: bool = False) -> Replay:
    """Forward and backward of the batch kept in `folder`; nothing is moved or written.

    sets: `precision=float32` and the like, to see whether it would have helped. `RecordError` if
    the folder is not whole, `ConfigError` for a field that does not exist.
    """
    kept = failure.read(folder)
    facts, differs = kept.facts, tuple(sets)
    _require_influence(differs)
    config = at(TrainConfig.parse(facts["config"]), int(facts["numbers"]["epoch"]))
    config = override(config, differs)
    config = config.model_copy(update={"start": None})  # the state that was kept has the weights
    place = here(use_gpu=use_gpu)
    steps = int(facts["steps_per_epoch"])
    precision = str(facts["precision"])
    if any(one.startswith("precision=") for one in differs):
        precision = decided(config, place)
    state = build(
        config,
        int(facts["numbers"]["classes"]),
        int(facts["num_samples"]),
        seed=int(facts["seed"]),
        place=place,
        precision=precision,
        schedule=follow(config.epochs * steps, steps, config.schedule),
        steps=config.epochs * steps,
    )
    model = {name: t for name, t in kept.tensors.items() if not name.startswith(_BESIDE)}
    state.restore(model, facts["numbers"])
    train_mode(state.trainee)
    fed = kept.fed
    images = joined_input([(part.images.to(place.device), part.draws) for part in fed.parts])
    workers, share = int(facts["workers"]), len(fed.labels)
    if config.tail is not None:
        config.tail.require_fit(workers, config.accumulate)
    if share % (workers * config.accumulate):
        raise ConfigError(
            f"accumulate={config.accumulate}: the {share} images that were kept, of "
            f"{workers} workers, do not divide into so many pieces each; set another number"
        )
    # In the pieces that the workers passed together: piece j of every worker.
    order = torch.arange(share).view(workers, config.accumulate, -1)
    behind = torch.arange(share, len(images))
    pieces = [
        Piece(
            images[torch.cat([rows, behind])],
            fed.labels[rows].to(place.device),
            fed.samples[rows].to(place.device),
            int(facts["step"]) * config.accumulate + number,
            config.tail,
            None if fed.old is None else fed.old[rows].to(place.device),
        )
        for number, rows in enumerate(order.transpose(0, 1).flatten(1))
    ]
    manner = Manner(
        seed=int(facts["seed"]),
        rank=0,
        share=share,
        batch_size=share,
        clip_norm=config.optimiser.clip_norm,
        cast=autocast(precision, place.device),
        clock=Clock(place.device),
    )
    now = diagnose(state, spread(state.trainee, place), pieces, manner, int(facts["step"]))
    return Replay(
        step=int(facts["step"]),
        epoch=state.epoch + 1,
        then=dict(facts["diagnosis"]),
        now=now,
        images=tuple(facts["images"]),
        differs=differs,
    )


def _require_influence(sets: Iterable[str]) -> None:
    """Weights and batch are as they were: what came before them cannot be otherwise."""
    for one in sets:
        field = one.partition("=")[0].strip()
        if field.split(".")[0] not in _HAS_INFLUENCE:
            raise ConfigError(
                f"{field}: has no influence on a step that is done again with the weights and the "
                f"batch it had. What can be tried: {', '.join(_HAS_INFLUENCE)}"
            )
