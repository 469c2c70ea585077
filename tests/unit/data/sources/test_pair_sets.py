"""`.bin` and ExpFace's folder as sources, in studies, and as protocols."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.core import discover
from frlib.core.config import digest
from frlib.core.errors import DataError
from frlib.data import catalog
from frlib.data.config import DataConfig, NoiseConfig, PairBenchmark
from frlib.data.manifest import checksum
from frlib.data.pairsets import bin as bins
from frlib.data.pairsets import folder, lists
from frlib.data.pairsets.images import ImagePairs
from frlib.data.prepare import prepare
from frlib.data.recognise import recognise
from tests.unit.data.tiny_sets import jpeg, people, write_folder

PAIRS = ImagePairs(images=tuple(jpeg(seed) for seed in range(24)), same=np.arange(12) % 2 == 0)
WRITERS = {"pair_bin": bins.write, "pair_folder": folder.write}


def _written(kind: str, root: Path) -> Path:
    path = root / ("made.bin" if kind == "pair_bin" else "made")
    WRITERS[kind](path, PAIRS)
    return path


def _config(kind: str, path: Path, **how: Any) -> Any:
    return discover.load("frlib.data.sources", kind).Config(path=str(path), **how)


@pytest.mark.parametrize("kind", WRITERS)
def test_source_when_scanned_then_numbers_bytes_and_pairs(kind: str, tmp_path: Path) -> None:
    config = _config(kind, _written(kind, tmp_path), folds=5)
    found = catalog.scan(config, tmp_path / "store")
    assert sorted(found.ids.tolist(), key=int) == [str(n) for n in range(24)]
    reader = catalog.open_reader(config)
    for ref, name, total in zip(found.refs, found.ids, found.checksums, strict=True):
        assert str(ref) == name
        assert checksum(reader.read(int(ref))) == total  # type: ignore[attr-defined]
    assert reader.images(found.refs[:3], 16).shape == (3, 16, 16, 3)
    assert not catalog.names_people(config)
    listed = catalog.own_pairs(config)
    assert listed is not None
    assert listed.left[:2] == ("0", "2")
    assert np.bincount(listed.fold).tolist() == [3, 3, 2, 2, 2]
    label = dict(zip(found.ids.tolist(), found.labels.tolist(), strict=True))
    agree = [label[a] == label[b] for a, b in zip(listed.left, listed.right, strict=True)]
    assert agree == PAIRS.same.tolist()


@pytest.mark.parametrize("kind", WRITERS)
def test_recognise_when_a_pair_set_then_that_and_no_other(kind: str, tmp_path: Path) -> None:
    path = _written(kind, tmp_path)
    assert recognise(str(path)) == _config(kind, path)


@pytest.mark.parametrize("kind", WRITERS)
def test_source_when_missing_or_asked_beyond_then_error(kind: str, tmp_path: Path) -> None:
    config = _config(kind, _written(kind, tmp_path))
    with pytest.raises(DataError, match="no image 24"):
        catalog.open_reader(config).read(24)  # type: ignore[attr-defined]
    with pytest.raises(DataError, match="nowhere"):
        catalog.scan(_config(kind, tmp_path / "nowhere"), tmp_path / "store")


@pytest.mark.parametrize("kind", WRITERS)
def test_prepare_when_a_benchmark_brings_its_pairs_then_they_are_asked(
    kind: str, tmp_path: Path
) -> None:
    write_folder(tmp_path / "train", people(3, 3, first_seed=500))
    images = _config(kind, _written(kind, tmp_path), folds=3)
    data = DataConfig.parse(
        {
            "train": {"name": "image_folder", "path": str(tmp_path / "train")},
            "benchmarks": [{"name": "made", "images": images}],
            "holdout": {"use_small": False},
        }
    )
    found = prepare(data, NoiseConfig(), 0, tmp_path / "store")
    (benchmark,) = found.benchmarks
    assert benchmark.pairs.same.tolist() == PAIRS.same.tolist()
    assert benchmark.pairs.num_folds == 3
    assert benchmark.manifest.ids[benchmark.pairs.right[2]] == "5"
    assert "identity_overlap" not in found.facts["made"]


def test_benchmark_when_its_list_is_a_csv_then_digest_is_as_before_there_were_forms() -> None:
    images = {"name": "image_folder", "path": "x"}
    plain = PairBenchmark.parse({"name": "b", "images": images, "pairs": "p.csv"})
    assert "listed" not in plain.counted()
    lfw = PairBenchmark.parse({"name": "b", "images": images, "pairs": "p", "listed": "lfw"})
    assert digest(lfw) != digest(plain)


def test_forms_when_compared_with_the_readers_then_all_can_be_named() -> None:
    form = PairBenchmark.model_fields["listed"].annotation
    assert set(form.__args__) == {"", *lists.READERS}  # type: ignore[union-attr]
