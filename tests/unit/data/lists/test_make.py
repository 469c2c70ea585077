import csv
import json
from pathlib import Path

import numpy as np
import pytest

from frlib.core import safeio
from frlib.core.config import Config
from frlib.core.errors import DataError
from frlib.data import catalog
from frlib.data.config import DataConfig, NoiseConfig
from frlib.data.lists.make import ListsConfig, Sources, make
from frlib.data.prepare import prepare
from frlib.data.sources import image_folder, parquet
from frlib.data.vectors import Vectors
from tests.unit.data.tiny_sets import people, write_folder, write_parquet

SMALL = ListsConfig(num_pairs=60, folds=3)
SIZES = [4] * 9 + [1] * 3


@pytest.fixture
def images(tmp_path: Path) -> Config:
    return image_folder.Config(path=str(write_folder(tmp_path / "own", people(*SIZES))))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _vectors(source: Config, tmp_path: Path) -> Vectors:
    found = catalog.scan(source, tmp_path / "store")
    values = np.random.default_rng(0).standard_normal((len(found), 8)).astype(np.float32)
    return Vectors(found.ids, values)


def test_make_when_read_by_prepare_then_a_benchmark(images: Config, tmp_path: Path) -> None:
    out, store = tmp_path / "lists", tmp_path / "store"
    facts = make(Sources(images=images), out, SMALL, store, _vectors(images, tmp_path))
    lists = [
        {"name": name, "images": images, "pairs": str(out / "pairs.csv"), "protocol": name}
        for name in ("random", "hard")
    ]
    training = image_folder.Config(
        path=str(write_folder(tmp_path / "train", people(3, 3, 3, first_seed=5000)))
    )
    data = DataConfig.parse(
        {"train": training, "benchmarks": lists, "holdout": {"use_small": False}}
    )
    prepared = prepare(data, NoiseConfig(), 0, store)
    for found in prepared.benchmarks:
        pairs, rows = found.pairs, found.manifest
        assert len(pairs) == 60 == facts["verification"][found.name]["pairs"]
        assert pairs.num_folds == 3
        np.testing.assert_array_equal(
            rows.labels[pairs.left] == rows.labels[pairs.right], pairs.same
        )


def test_make_when_done_then_roles_of_every_image(images: Config, tmp_path: Path) -> None:
    facts = make(Sources(images=images), tmp_path / "lists", SMALL, tmp_path / "store")
    rows = _rows(tmp_path / "lists" / "identification.csv")
    roles = [row["role"] for row in rows]
    assert {role: roles.count(role) for role in set(roles)} == {
        "gallery": 9,
        "probe": 27,
        "gallery_extra": 3,
    }
    assert facts["identification"]["probe"] == 27
    assert all(row["path"].startswith(row["identity"] + "/") for row in rows)


def test_make_when_repeated_then_equal_files_and_another_seed_others(
    images: Config, tmp_path: Path
) -> None:
    for name, config in (
        ("one", SMALL),
        ("two", SMALL),
        ("three", ListsConfig(num_pairs=60, folds=3, seed=1)),
    ):
        make(Sources(images=images), tmp_path / name, config, tmp_path / "store")
    one, two, three = (
        [(tmp_path / name / f"{file}.csv").read_bytes() for file in ("pairs", "identification")]
        for name in ("one", "two", "three")
    )
    assert one == two
    assert all(a != b for a, b in zip(one, three, strict=True))


def test_make_when_facts_are_read_then_digest_settings_and_files(
    images: Config, tmp_path: Path
) -> None:
    out = tmp_path / "lists"
    returned = make(Sources(images=images), out, SMALL, tmp_path / "store")
    facts = json.loads((out / "facts.json").read_text())
    assert facts == returned
    assert facts["images"]["digest"] == catalog.scan(images, tmp_path / "store").digest
    assert facts["settings"] == {"num_pairs": 60, "folds": 3, "seed": 0}
    assert facts["files"] == {
        name: safeio.sha256(out / name) for name in ("identification.csv", "pairs.csv")
    }
    assert str(tmp_path) not in (out / "facts.json").read_text()


def test_make_when_training_knows_some_then_they_are_in_no_list(
    images: Config, tmp_path: Path
) -> None:
    training = image_folder.Config(
        path=str(write_folder(tmp_path / "train", people(2, 2, first_seed=7000)))
    )
    out = tmp_path / "lists"
    facts = make(
        Sources(images=images, exclude=(training,)),
        out,
        SMALL,
        tmp_path / "store",
    )
    assert facts["left_out"]["people_by_name"] == 2
    text = (out / "pairs.csv").read_text() + (out / "identification.csv").read_text()
    assert "p00/" not in text
    assert "p01/" not in text
    assert "p02/" in text


def test_make_when_distractors_are_given_then_listed_apart_without_known_people(
    images: Config, tmp_path: Path
) -> None:
    everyone = people(2, 2, first_seed=8000)
    others = {"p03": everyone["p00"], "x": everyone["p01"], "y": people(1, first_seed=9000)["p00"]}
    distractors = parquet.Config(path=str(write_parquet(tmp_path / "more.parquet", others)))
    out = tmp_path / "lists"
    facts = make(Sources(images=images, distractors=distractors), out, SMALL, tmp_path / "store")
    rows = _rows(out / "distractors.csv")
    assert sorted(row["identity"] for row in rows) == ["x", "x", "y"]
    assert {row["role"] for row in rows} == {"gallery_extra"}
    assert facts["distractors"]["people_left_out"] == 1


def test_make_when_too_few_people_then_error_with_counts_and_no_folder(tmp_path: Path) -> None:
    source = image_folder.Config(path=str(write_folder(tmp_path / "own", people(2, 2, 1))))
    with pytest.raises(DataError, match="found 3 identities, 2 with two or more images"):
        make(Sources(images=source), tmp_path / "lists", ListsConfig(), tmp_path / "store")
    assert not list(tmp_path.glob("*lists*"))


def test_make_when_writing_fails_then_nothing_is_left(
    images: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path, value: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(safeio, "write_json", fail)
    with pytest.raises(OSError, match="no room"):
        make(Sources(images=images), tmp_path / "lists", SMALL, tmp_path / "store")
    assert not [path for path in tmp_path.iterdir() if "lists" in path.name]


def test_make_when_folder_exists_then_error_and_untouched(images: Config, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "mine.txt").write_text("keep")
    with pytest.raises(DataError, match="never overwritten"):
        make(Sources(images=images), tmp_path / "lists", SMALL, tmp_path / "store")
    assert [path.name for path in (tmp_path / "lists").iterdir()] == ["mine.txt"]
