"""A world of coloured noise that trains in a second: manifests and pixels without files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from frlib.backbones import tiny
from frlib.core.seeds import stream
from frlib.data.config import DataConfig
from frlib.data.manifest import CLOSED, Manifest
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.decoded import Decoded
from frlib.data.sources import parquet
from frlib.evaluate.embed import to_input
from frlib.optimisers import sgd
from frlib.schedules import follow
from frlib.train import begun
from frlib.train.build import build
from frlib.train.clock import Clock
from frlib.train.config import TrainConfig
from frlib.train.keeper import Keeper
from frlib.train.passes import Piece, spread
from frlib.train.place import Place
from frlib.train.precision import autocast
from frlib.train.state import State
from frlib.train.step import Manner, step

SIZE, CLASSES, PER_CLASS = 32, 6, 8
HERE = Place(torch.device("cpu"))


def manifest(flips: int = 0) -> Manifest:
    """48 samples of 6 people; the first `flips` samples carry their neighbour's label."""
    count = CLASSES * PER_CLASS
    truth = np.repeat(np.arange(CLASSES), PER_CLASS)
    labels, kinds = truth.copy(), np.zeros(count, dtype=np.int8)
    labels[:flips] = (truth[:flips] + 1) % CLASSES
    kinds[:flips] = CLOSED
    return Manifest(
        ids=np.array([f"{i:03d}" for i in range(count)]),
        refs=np.arange(count),
        sources=np.zeros(count, dtype=np.int16),
        labels=labels,
        true_labels=truth,
        kinds=kinds,
        checksums=np.array([f"{i:064x}" for i in range(count)]),
        identities=tuple("abcdef"),
        readers=(parquet.Config(path="unused"),),
        colour="RGB",
        facts={},
    )


def pixels() -> Pixels:
    """A pattern per person and grain per image."""
    draw = stream(0, "test pixels")
    people = draw.integers(0, 200, (CLASSES, SIZE // 4, SIZE // 4, 3)).repeat(4, 1).repeat(4, 2)
    grain = draw.integers(0, 56, (CLASSES * PER_CLASS, SIZE, SIZE, 3))
    images = (people.repeat(PER_CLASS, 0) + grain).astype(np.uint8)
    count = len(images)
    return Pixels(SIZE, (Decoded(images),), np.zeros(count, np.int16), np.arange(count))


def config(**changes: Any) -> TrainConfig:
    """Three epochs of a narrow net."""
    values: dict[str, Any] = {
        "data": DataConfig(train=parquet.Config(path="unused"), size=SIZE),
        "backbone": tiny.Config(width=4, embedding_size=16),
        "head": "arcface",
        "optimiser": sgd.Config(lr=0.05),
        "epochs": 3,
        "batch_size": 16,
    }
    return TrainConfig(**(values | changes))


def state(
    run: TrainConfig,
    *,
    classes: int = CLASSES,
    precision: str = "float32",
    place: Place = HERE,
) -> State:
    """Of a run, before its first step."""
    steps = CLASSES * PER_CLASS // run.batch_size
    return build(
        run,
        classes,
        CLASSES * PER_CLASS,
        seed=0,
        place=place,
        precision=precision,
        schedule=follow(run.epochs * steps, steps, run.schedule),
        steps=run.epochs * steps,
    )


def piece(rows: Sequence[int], number: int = 0) -> Piece:
    """These samples as the network takes them."""
    at = np.array(rows)
    images = to_input(torch.from_numpy(pixels().batch(at)))
    return Piece(images, torch.from_numpy(manifest().labels[at]), torch.from_numpy(at), number)


def copied(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """To compare with later."""
    return {name: tensor.detach().clone() for name, tensor in tensors.items()}


def are_equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Names and bits."""
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.points: list[tuple[int, int, dict[str, float]]] = []
        self.events: list[tuple[str, str]] = []

    def point(self, row: Mapping[str, float], *, epoch: int, step: int) -> None:
        self.points.append((epoch, step, dict(row)))

    def event(self, name: str, message: str) -> None:
        self.events.append((name, message))


def poison(monkeypatch: pytest.MonkeyPatch, *steps: int, layer: str = "layer2.conv1") -> None:
    """A layer of the backbone puts out NaN at these steps of every run that begins from now on."""

    def built(*given: Any, **named: Any) -> State:
        made = build(*given, **named)

        def spoil(_: object, __: object, output: Tensor) -> Tensor:
            return output * float("nan") if made.step in steps else output

        made.trainee.backbone.get_submodule(layer).register_forward_hook(spoil)
        return made

    monkeypatch.setattr(begun, "build", built)


def keeper(folder: Path, newest: int = 2) -> Keeper:
    """Checkpoints of a run of one worker in `folder`."""
    return Keeper(folder, HERE, newest=newest, lowest_is_best=False)


def save(state: State, folder: Path) -> None:
    """Write a checkpoint and wait for it."""
    one = keeper(folder)
    one.save(state)
    one.wait()


def train_on(made: State) -> None:
    """One more step."""
    made.trainee.train()
    net = spread(made.trainee, HERE)
    step(made, net, [piece(range(16), made.step)], manner(16), lr=0.05)


def trained(**changes: Any) -> State:
    """Of a run, after two steps."""
    made = state(config(**changes))
    train_on(made)
    train_on(made)
    return made


def manner(batch_size: int, clip_norm: float = 0.0) -> Manner:
    """Steps of one worker in float32."""
    return Manner(
        seed=0,
        rank=0,
        share=batch_size,
        batch_size=batch_size,
        clip_norm=clip_norm,
        cast=autocast("float32", HERE.device),
        clock=Clock(HERE.device),
    )
