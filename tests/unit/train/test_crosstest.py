"""The tests of a model against its old one: a gallery that is indexed again."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from frlib.core.seeds import stream
from frlib.data.pairs import Pairs
from frlib.data.prepare import PairSet
from frlib.evaluate.embed import to_input
from frlib.evaluate.features import Features
from frlib.evaluate.pairs10 import View
from frlib.metrics.backfill import SHARES
from frlib.train.compatible import Compat
from frlib.train.crosstest import CrossTest
from frlib.train.old_files import benchmark
from tests.unit.train import worlds

Floats = np.ndarray[Any, np.dtype[np.float32]]
SIZE = 24


class Same(nn.Module):
    """Old and new embeddings are compared as they are."""

    def old_in_both(self, old: Floats) -> Floats:
        return old

    def raw_in_both(self, new: Tensor) -> Tensor:
        return new


class Net(nn.Module):
    """A fixed random projection of the pixels."""

    def __init__(self) -> None:
        super().__init__()
        draw = stream(0, "test crosstest", "net").standard_normal((3 * worlds.SIZE**2, SIZE))
        self.register_buffer("matrix", torch.from_numpy(draw.astype(np.float32)))

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1) @ self.matrix


def backfilled(folder: Path, old: Floats, keep: int = worlds.PER_CLASS) -> dict[str, float]:
    """Metrics of a backfill on the first `keep` images of everybody."""
    manifest = worlds.manifest()
    rows = np.flatnonzero(np.arange(len(manifest)) % worlds.PER_CLASS < keep)
    shown = manifest.take(rows)
    Features(shown.ids, old[rows]).save(folder / benchmark("faces"))
    none = np.zeros(0, dtype=np.int64)
    pairs = Pairs(left=none, right=none, same=none.astype(bool), fold=none)
    one = PairSet(name="faces", manifest=shown, pairs=pairs)
    pixels = replace(worlds.pixels(), sources=np.zeros(len(rows), np.int16), places=rows)
    config = Compat.model_construct(features=str(folder))
    test = CrossTest(config, Same())  # type: ignore[arg-type]
    view = View(Net(), torch.device("cpu"), nullcontext)
    return test.backfill(one, view, pixels, test.benchmark(one))


def embedded() -> Floats:
    """What `Net` gives for all images."""
    pixels = worlds.pixels().batch(np.arange(worlds.CLASSES * worlds.PER_CLASS))
    found: Floats = Net()(to_input(torch.from_numpy(pixels))).numpy()
    return found


def rank_1(enrolled: Floats, asked: Floats) -> float:
    """Everybody's first image is enrolled, the others ask."""
    labels = worlds.manifest().labels
    first = np.arange(len(labels)) % worlds.PER_CLASS == 0
    gallery, probes = (
        one / np.linalg.norm(one, axis=1, keepdims=True) for one in (enrolled[first], asked[~first])
    )
    best = labels[first][(probes @ gallery.T).argmax(axis=1)]
    return float((best == labels[~first]).mean())


def test_backfill_when_old_and_new_differ_then_ends_and_bar_are_those_of_three_searches(
    tmp_path: Path,
) -> None:
    new = embedded()
    noise = stream(0, "test crosstest", "old").standard_normal(new.shape)
    old = (new + 3 * new.std() * noise).astype(np.float32)
    found = backfilled(tmp_path, old)
    stem = "faces/backfill/rank1@"
    assert set(found) == {f"{stem}{share:g}" for share in SHARES} | {f"{stem}old"}
    assert found[f"{stem}0"] == pytest.approx(rank_1(old, new))
    assert found[f"{stem}1"] == pytest.approx(rank_1(new, new))
    assert found[f"{stem}old"] == pytest.approx(rank_1(old, old))
    assert len({found[f"{stem}{at}"] for at in ("0", "1", "old")}) == 3


def test_backfill_when_the_models_are_one_then_nothing_changes_with_the_share(
    tmp_path: Path,
) -> None:
    assert len(set(backfilled(tmp_path, embedded()).values())) == 1


def test_backfill_when_nobody_has_two_images_then_there_is_none(tmp_path: Path) -> None:
    assert backfilled(tmp_path, embedded(), keep=1) == {}
