"""Counts of the real set, as its README states them."""

import os
from pathlib import Path

import numpy as np
import pytest

from frlib.data import catalog
from frlib.data.config import DataConfig, NoiseConfig
from frlib.data.manifest import CLOSED
from frlib.data.pixels.choose import open_pixels
from frlib.data.prepare import Prepared, prepare

pytestmark = [
    pytest.mark.faces,
    pytest.mark.skipif(
        not os.environ.get("FRLIB_FACES"),
        reason="FRLIB_FACES is not set to a folder with train.parquet, eval_images.parquet, ...",
    ),
]


def _source(name: str, **how: str) -> dict[str, str]:
    path = Path(os.environ["FRLIB_FACES"]) / f"{name}.parquet"
    return {"name": "parquet", "path": str(path), **how}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def data() -> DataConfig:
    pairs = str(Path(os.environ["FRLIB_FACES"]) / "eval_pairs.csv")
    images = _source("eval_images")
    return DataConfig.parse(
        {
            "train": _source("train"),
            "outliers": _source("distractors", role="open_set"),
            "min_images": 5,
            "benchmarks": [
                {"name": name, "images": images, "pairs": pairs, "protocol": name}
                for name in ("official", "extended")
            ],
        }
    )


@pytest.fixture(scope="module")
def prepared(data: DataConfig, store: Path) -> Prepared:
    noise = NoiseConfig.parse({"closed": {"ratio": 0.3}, "open": {"ratio": 0.2}})
    return prepare(data, noise, 0, store)


def test_sources_when_scanned_then_counts_of_the_readme(data: DataConfig, store: Path) -> None:
    train, pool = catalog.scan(data.train, store), catalog.scan(data.outliers, store)
    assert (len(train), train.num_classes) == (4872, 548)
    assert (train.class_sizes.min(), train.class_sizes.max()) == (3, 200)
    assert len(pool) == 1520


def test_split_when_five_images_are_needed_then_counts_of_the_readme(prepared: Prepared) -> None:
    assert (len(prepared.train), prepared.train.num_classes) == (3907, 262)
    assert prepared.clean_facts["split"]["held_out_identities"] == 548 - 262


def test_flips_when_30_percent_then_1046_as_measured(prepared: Prepared) -> None:
    assert (prepared.train.kinds == CLOSED).sum() == 1046


def test_pairs_when_read_then_counts_of_the_readme(prepared: Prepared) -> None:
    official, extended = (benchmark.pairs for benchmark in prepared.benchmarks)
    assert (len(official), official.same.sum(), official.num_folds) == (1200, 600, 2)
    assert (len(extended), extended.same.sum(), extended.num_folds) == (4640, 2320, 10)
    assert np.bincount(extended.fold).tolist() == [464] * 10


def test_overlap_when_counted_then_nobody_trained_on_is_evaluated(prepared: Prepared) -> None:
    assert all(not any(counts.values()) for counts in prepared.facts.values())


def test_selection_when_drawn_then_as_asked(prepared: Prepared) -> None:
    assert prepared.selection is not None
    assert (len(prepared.selection.pairs), prepared.selection.pairs.num_folds) == (2000, 10)


def test_pixels_when_opened_then_a_batch_of_faces(prepared: Prepared, store: Path) -> None:
    listed = prepared.benchmarks[0].manifest
    batch = open_pixels(listed, 32, store).batch(np.arange(0, len(listed), 50))
    assert batch.shape[1:] == (32, 32, 3)
    assert 60 < batch.mean() < 180
