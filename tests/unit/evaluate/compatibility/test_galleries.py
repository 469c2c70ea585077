"""What a path means as a gallery."""

import json
from pathlib import Path

import pytest

from frlib.core.errors import ConfigError, DataError
from frlib.data.benchmarks import searches
from frlib.evaluate.compatibility import galleries
from frlib.evaluate.protocols import identification, pair_csv
from tests.unit.data.tiny_sets import people, write_folder


def test_named_when_a_folder_of_people_then_the_first_image_of_each_is_enrolled(
    tmp_path: Path,
) -> None:
    given = people(2, 3, 4) | {"zz": people(1)["p00"]}
    root = write_folder(tmp_path / "faces", given)
    config = galleries.named(str(root), tmp_path / "store")
    assert isinstance(config, identification.Config)
    found = searches.read(Path(config.path))
    assert found.distractors is not None
    num = sum(len(images) for images in given.values())
    assert len(found.gallery.paths) == 3
    assert len(found.distractors.paths) == 1
    assert len(found.probes.paths) == num - 4
    for path in found.gallery.paths:
        own = [p for p in found.probes.paths if p.split("/")[0] == path.split("/")[0]]
        assert own and all(path < other for other in own)
    assert galleries.named(str(root), tmp_path / "store") == config


def test_named_when_a_list_of_people_then_a_search_too_and_pairs_stay_pairs(
    tmp_path: Path,
) -> None:
    root = write_folder(tmp_path / "faces", people(2, 3))
    files = sorted(p.relative_to(root).as_posix() for p in root.rglob("*.*"))
    lines = [f"{name},{name.split('/')[0]}" for name in files]
    (root / "people.csv").write_text("\n".join(["path,identity", *lines]) + "\n")
    found = galleries.named(str(root / "people.csv"), tmp_path / "store")
    assert isinstance(found, identification.Config)
    assert found.root == str(root)
    (root / "pairs.csv").write_text("path_a,path_b,same\na,b,1\n")
    pairs = galleries.named(str(root / "pairs.csv"), tmp_path / "store")
    assert isinstance(pairs, pair_csv.Config)


def test_named_when_a_list_then_its_images_and_people_count_and_no_file_is_opened(
    tmp_path: Path,
) -> None:
    """A source behind the list may hold more images, under other names of people."""
    lines = [f"x{k}.jpg,{'ann' if k < 3 else 'ben'}" for k in (4, 3, 2, 0, 1)]
    (tmp_path / "people.csv").write_text("\n".join(["path,identity", *lines, "y.jpg,eve"]) + "\n")
    images = {"name": "image_folder", "path": str(tmp_path / "elsewhere")}
    given = {"name": "all_pairs", "path": str(tmp_path / "people.csv"), "images": images}
    config = galleries.named(json.dumps(given), tmp_path / "store")
    assert isinstance(config, identification.Config)
    assert identification.source(config).path == images["path"]  # type: ignore[attr-defined]
    found = searches.read(Path(config.path))
    assert dict(zip(found.gallery.paths, found.gallery.subjects, strict=True)) == {
        "x2.jpg": "ann",
        "x4.jpg": "ben",
    }
    assert set(found.probes.paths) == {"x0.jpg", "x1.jpg", "x3.jpg"}
    assert found.distractors is not None and found.distractors.paths == ("y.jpg",)


def test_named_when_one_person_then_refused(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "faces", {"p0": people(5)["p00"], "p1": people(1)["p00"]})
    with pytest.raises(DataError, match="1 of 2 people have two images or more"):
        galleries.named(str(root), tmp_path / "store")


def test_named_when_nothing_is_known_there_then_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file or folder"):
        galleries.named(str(tmp_path / "none"), tmp_path)
    (tmp_path / "notes.txt").write_text("hello\n")
    with pytest.raises(ConfigError, match="no benchmark that is known"):
        galleries.named(str(tmp_path / "notes.txt"), tmp_path)
    with pytest.raises(ConfigError, match=r"gallery\.csv and probe\.csv"):
        galleries.named('{"name": "all_pairs", "path": "a.csv", "other": "b.csv"}', tmp_path)
    with pytest.raises(ConfigError, match="no enrolled side"):
        text = '{"name": "megaface", "path": "a", "distractors": "b"}'
        galleries.named(text, tmp_path)
