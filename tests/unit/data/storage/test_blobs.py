"""Local bytes: the map itself, and files that are empty, absent or cut while in use."""

import mmap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frlib.core.errors import DataError
from frlib.data.storage import blobs
from frlib.data.storage.places import Remote, at
from frlib.data.storage.remote import RemoteBlob
from tests.unit.data.storage.far_away import serve


def test_open_when_local_then_the_map_itself(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"0123456789")
    blob = blobs.open_blob(tmp_path / "x", "digits")
    assert isinstance(blob, mmap.mmap)
    assert isinstance(blob, blobs.Blob)
    assert (len(blob), blob[2:5]) == (10, b"234")


def test_open_when_empty_or_absent_then_error_says_what_was_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, uri = serve(tmp_path, monkeypatch)
    (tmp_path / "x").touch()
    for place in (tmp_path / "x", at(f"{uri}/x")):
        with pytest.raises(DataError, match=r"x: 0 bytes; expected digits\. Copy"):
            blobs.open_blob(place, "digits")
    for place in (tmp_path / "y", at(f"{uri}/y")):
        with pytest.raises(DataError, match=r"y: .*expected"):
            blobs.open_blob(place, "digits")


def test_require_whole_when_cut_after_opening_then_error_gives_both_sizes(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"0" * 9000)
    blob = blobs.open_blob(tmp_path / "x", "digits")
    blobs.require_whole(blob, tmp_path / "x")
    with (tmp_path / "x").open("r+b") as file:
        file.truncate(5000)
    with pytest.raises(DataError, match="5,000 bytes, 9,000 when it was opened"):
        blobs.require_whole(blob, tmp_path / "x")


def test_first_bytes_when_short_absent_or_remote_then_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, uri = serve(tmp_path, monkeypatch)
    (tmp_path / "x").write_bytes(b"PK")
    assert blobs.first_bytes(tmp_path / "x", 4) == b"PK"
    assert blobs.first_bytes(at(f"{uri}/x"), 4) == b"PK"
    assert blobs.first_bytes(tmp_path / "gone", 4) == b""
    assert blobs.first_bytes(tmp_path, 4) == b""


def test_input_when_arrow_reads_a_remote_file_then_errors_stay_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, uri = serve(tmp_path, monkeypatch)
    pq.write_table(pa.table({"a": list(range(1000))}), tmp_path / "x.parquet")
    place = at(f"{uri}/x.parquet")
    assert isinstance(place, Remote)
    blob = RemoteBlob(place)
    assert pq.ParquetFile(blobs.as_input(blob)).read().column("a").to_pylist() == list(range(1000))

    def refuse(name: str, start: int, size: int) -> None:
        raise PermissionError("not for you")

    system.before = refuse
    with pytest.raises(DataError, match=r"not for you.*credentials"):
        pq.ParquetFile(blobs.as_input(RemoteBlob(place))).read()
