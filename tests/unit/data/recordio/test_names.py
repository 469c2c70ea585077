"""Names from a `.lst`, and an index that is made once and kept in the store."""

import logging
from pathlib import Path

import pytest

from frlib.core.config import digest
from frlib.core.errors import DataError
from frlib.data import catalog
from frlib.data.manifest import checksum
from frlib.data.recordio.companions import read_paths
from frlib.data.sources import recordio
from tests.unit.data.recordio.by_hand import scalar, write
from tests.unit.data.tiny_sets import people, rows, write_records

EVERYONE = people(2, 3)
MARKS = "\t".join(["1"] * 14)


def _config(root: Path, listed: str) -> recordio.Config:
    path = write_records(root, EVERYONE)
    path.with_suffix(".lst").write_text(listed)
    return recordio.Config(path=str(path), ids="list")


def _insightface(*, skipped: bool = False) -> str:
    lines = [f"1\t/data/aligned/{name}\t{int(who[1:])}\n" for name, who, _ in rows(EVERYONE)]
    if skipped:
        lines[1] = lines[1].replace("1\t", "0\t", 1).replace("\n", f"\t{MARKS}\n")
        lines.insert(1, "0\t/data/aligned/p00/gone.jpg\t0\n")
    return "".join(lines)


def _im2rec() -> str:
    listed = [
        f"{key}\t{int(who[1:]):f}\t{name}\n"
        for key, (name, who, _) in enumerate(rows(EVERYONE), start=1)
    ]
    return "".join(reversed(listed))


@pytest.mark.parametrize(
    "listed",
    [_insightface(), _insightface(skipped=True), _im2rec(), _im2rec().replace("/", "\\")],
    ids=["insightface", "skipped", "im2rec", "windows"],
)
def test_scan_when_names_come_from_a_list_then_ids_and_people_of_its_paths(
    listed: str, tmp_path: Path
) -> None:
    config = _config(tmp_path, listed)
    found, reader = recordio.scan(config), recordio.open_reader(config)
    assert found.ids.tolist() == [name for name, _, _ in rows(EVERYONE)]
    assert found.identities == ("p00", "p01")
    assert found.checksums.tolist() == [checksum(data) for _, _, data in rows(EVERYONE)]
    assert [reader.read(ref) for ref in found.refs.tolist()] == [d for _, _, d in rows(EVERYONE)]
    assert config.names_people
    keys = recordio.Config(path=config.path)
    assert not keys.names_people
    assert digest(keys) != digest(config)


def test_fingerprint_when_the_list_changes_then_differs(tmp_path: Path) -> None:
    config = _config(tmp_path, _im2rec())
    before = recordio.fingerprint(config)
    (tmp_path / "train.lst").write_text(_im2rec() + "\n")
    assert recordio.fingerprint(config) != before


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        (_im2rec().replace("p01/", ""), r"path '0\.jpg' has no folder to name the person"),
        (_im2rec().split("\n", 1)[1], r"1 of 5 records are not in it, first key 5"),
        (_im2rec().replace("1.000000", "4.000000"), "3 of 5 labels differ .* of key 3: 4 in"),
        (_im2rec() + "1\t0.0\tp00/0.jpg\n", "1 lines repeat a key, first 1"),
        (_im2rec() + "6\tnan\tp00/0.jpg\n", "expected a key and a label that are whole"),
        (_im2rec() + f"{2**70}\t0.0\tp00/0.jpg\n", "expected a key and a label that are whole"),
        ("", "names no image"),
        ("0\tp00/0.jpg\t0\n", "names no image"),
        (_im2rec().replace("1.jpg", "0.jpg"), "sample ids occur more than once"),
    ],
)
def test_scan_when_the_list_does_not_fit_then_error_says_how(
    listed: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        recordio.scan(_config(tmp_path, listed))
    assert str(tmp_path) in str(caught.value)


def test_paths_when_list_is_absent_then_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.lst: cannot be read"):
        read_paths(tmp_path / "gone.lst")


def test_index_when_missing_then_made_once_in_the_store_and_data_is_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_records(tmp_path / "set", EVERYONE)
    expected = catalog.scan(recordio.Config(path=str(path)), tmp_path / "other")
    path.with_suffix(".idx").unlink()
    before = sorted(path.parent.iterdir())
    config = recordio.Config(path=str(path))
    with caplog.at_level(logging.WARNING):
        found = catalog.scan(config, tmp_path / "store")
        assert caplog.text.count("no index beside it") == 1
        again = catalog.scan(config, tmp_path / "store")
        reader = catalog.open_reader(config, tmp_path / "store")
        same = catalog.open_reader(again.readers[0])
    assert caplog.text.count("no index beside it") == 1
    assert found.digest == again.digest == expected.digest
    assert reader.images(found.refs, 16).tolist() == same.images(found.refs, 16).tolist()
    assert sorted(path.parent.iterdir()) == before
    assert digest(found.readers[0]) == digest(config)
    assert catalog.ready(found.readers[0], tmp_path / "store") == found.readers[0]


def test_index_when_records_change_then_another_is_made(tmp_path: Path) -> None:
    path = write(tmp_path / "train.rec", (4, scalar(4, 0, b"x")), index=False)
    config = recordio.Config(path=str(path))
    assert len(catalog.scan(config, tmp_path / "store")) == 1
    write(path, (4, scalar(4, 0, b"x")), (9, scalar(9, 1, b"y")), index=False)
    assert catalog.scan(config, tmp_path / "store").refs.tolist() == [4, 9]
