"""Verification sets between their formats, from lists with images too."""

from pathlib import Path
from typing import Any

import pytest

from frlib.core.errors import ConfigError, DataError
from frlib.data.convert import pair_formats
from frlib.data.pairsets.images import ImagePairs
from tests.unit.data.tiny_sets import People, people, rows, write_folder, write_parquet

EVERYONE: People = {
    name: {f"{name}_{number:04d}.jpg": data for number, data in enumerate(files.values(), start=1)}
    for name, files in people(3, 2).items()
}
BY_NAME = {name: data for name, _, data in rows(EVERYONE)}
LIST = "1\t1\np00\t1\t3\np01\t2\tp00\t2\n"
EXPECTED = [
    BY_NAME[name]
    for name in ("p00/p00_0001.jpg", "p00/p00_0003.jpg", "p01/p01_0002.jpg", "p00/p00_0002.jpg")
]


@pytest.fixture
def listed(tmp_path: Path) -> pair_formats.PairList:
    (tmp_path / "pairs.txt").write_text(LIST)
    images = write_folder(tmp_path / "lfw", EVERYONE)
    return pair_formats.PairList(path=str(tmp_path / "pairs.txt"), form="lfw", images=str(images))


def _require(found: ImagePairs) -> None:
    assert list(found.images) == EXPECTED
    assert found.same.tolist() == [True, False]


def test_list_when_read_with_files_then_its_pairs_in_order(listed: Any, tmp_path: Path) -> None:
    _require(pair_formats.read(listed, tmp_path / "store"))


@pytest.mark.parametrize("first", pair_formats.WRITTEN)
@pytest.mark.parametrize("last", pair_formats.WRITTEN)
def test_pairs_when_written_and_written_again_then_equal_bytes(
    first: str, last: str, listed: Any, tmp_path: Path
) -> None:
    given: Any = listed
    for number, name in enumerate((first, last)):
        kind = pair_formats.WRITTEN[name]
        made = kind.parse({"path": str(tmp_path / f"made{number}")})
        pair_formats.write(made, pair_formats.read(given, tmp_path / "store"))
        given = made
    _require(pair_formats.read(given, tmp_path / "store"))


def test_list_when_the_images_are_a_set_then_by_its_ids(listed: Any, tmp_path: Path) -> None:
    images = write_parquet(tmp_path / "lfw.parquet", EVERYONE)
    given = listed.model_copy(update={"images": str(images)})
    _require(pair_formats.read(given, tmp_path / "store"))
    other = write_parquet(tmp_path / "other.parquet", people(1))
    with pytest.raises(DataError, match=r"4 images named in pairs are no ids .*such as p00/0\.jpg"):
        pair_formats.read(listed.model_copy(update={"images": str(other)}), tmp_path / "store")


def test_csv_when_read_then_pairs_in_order_of_their_folds(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text(
        "protocol,fold,path_a,path_b,same\n"
        "own,1,p01/p01_0002.jpg,p00/p00_0002.jpg,0\n"
        "own,0,p00/p00_0001.jpg,p00/p00_0003.jpg,1\n"
        "other,0,p00/p00_0001.jpg,p00/p00_0002.jpg,1\n"
    )
    given = pair_formats.PairList(
        path=str(tmp_path / "pairs.csv"),
        images=str(write_parquet(tmp_path / "lfw.parquet", EVERYONE)),
        protocol="own",
    )
    _require(pair_formats.read(given, tmp_path / "store"))


def test_list_when_images_are_missing_then_error_names_them(listed: Any, tmp_path: Path) -> None:
    (tmp_path / "lfw" / "p01" / "p01_0002.jpg").unlink()
    with pytest.raises(DataError, match=r"1 images named in pairs are not there, first p01/p01_0"):
        pair_formats.read(listed, tmp_path / "store")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"form": ""}, r"no form is given; .*from\.form=NAME.*csv, lfw"),
        ({"images": ""}, r"no images are given; .*from\.images=PATH"),
        ({"form": "lwf"}, r"no pair list of the set 'lwf'"),
    ],
)
def test_list_when_a_setting_is_missing_then_error_says_which(
    change: dict[str, str], message: str, listed: Any, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        pair_formats.read(listed.model_copy(update=change), tmp_path / "store")


def test_write_when_something_is_there_then_refused(listed: Any, tmp_path: Path) -> None:
    pairs = pair_formats.read(listed, tmp_path / "store")
    (tmp_path / "made.bin").write_text("mine")
    with pytest.raises(DataError, match=r"made\.bin exists"):
        pair_formats.write(pair_formats.Bin(path=str(tmp_path / "made.bin")), pairs)
    assert (tmp_path / "made.bin").read_text() == "mine"
