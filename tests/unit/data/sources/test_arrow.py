"""Arrow files and streams: layouts in the wild, positions without copies, damage."""

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from frlib.core.errors import DataError
from frlib.data.manifest import checksum
from frlib.data.sources import arrow
from tests.unit.data.storage.far_away import serve
from tests.unit.data.tiny_sets import people, rows, write_arrow

EVERYONE = people(3, 1, 4)
LISTED = rows(EVERYONE)


def _write(path: Path, table: pa.Table, *, stream: bool = False, **how: Any) -> Path:
    options = pa.ipc.IpcWriteOptions(**how)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(
        path, table.schema, options=options
    ) as writer:
        writer.write_table(table, max_chunksize=3)
    return path


def _table(**columns: Any) -> pa.Table:
    images = [data for _, _, data in LISTED]
    base = {"image": pa.array(images, pa.binary()), "identity": [who for _, who, _ in LISTED]}
    kept = {name: column for name, column in (base | columns).items() if column is not None}
    return pa.table(kept)


def _read_all(path: Path) -> list[bytes]:
    config = arrow.Config(path=str(path))
    found, reader = arrow.scan(config), arrow.open_reader(config)
    data = [reader.read(ref) for ref in found.refs.tolist()]
    assert [checksum(one) for one in data] == found.checksums.tolist()
    return data


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("kind", ["binary", "large_binary", "struct"])
def test_images_when_in_any_layout_then_the_bytes(
    stream: bool, compression: str | None, kind: str, tmp_path: Path
) -> None:
    images = [data for _, _, data in LISTED]
    column = {
        "binary": pa.array(images, pa.binary()),
        "large_binary": pa.array(images, pa.large_binary()),
        "struct": pa.array([{"bytes": data, "path": None} for data in images]),
    }[kind]
    path = _write(
        tmp_path / "a.arrow", _table(image=column), stream=stream, compression=compression
    )
    assert _read_all(path) == images


def test_batches_when_mapped_then_not_copied_and_when_compressed_then_few_kept(
    tmp_path: Path,
) -> None:
    plain = _write(tmp_path / "a.arrow", _table())
    packed = _write(tmp_path / "b.arrow", _table(), compression="lz4")
    before = pa.total_allocated_bytes()
    reader = arrow.open_reader(arrow.Config(path=str(plain)))
    data = [reader.read(row) for row in range(8)]
    assert pa.total_allocated_bytes() - before < 1000
    assert all(images is not None and images.mapped for images in reader._mapped)
    other = arrow.open_reader(arrow.Config(path=str(packed)))
    assert [other.read(row) for row in range(8)] == data
    assert 0 < len(other._kept) <= 4


def test_ids_when_no_path_then_running_numbers_over_all_files(tmp_path: Path) -> None:
    _write(tmp_path / "b.feather", _table())
    _write(tmp_path / "a.arrow", _table(), stream=True)
    config = arrow.Config(path=str(tmp_path))
    found = arrow.scan(config)
    assert sorted(found.ids.tolist()) == [f"{row:08d}" for row in range(16)]
    reader = arrow.open_reader(config)
    assert reader.read(9) == LISTED[1][2]
    assert "00000009" in reader.where(9)


def test_identities_when_only_labels_then_numbers_that_name_nobody(tmp_path: Path) -> None:
    labels = [0, 0, 0, 2, 10, 10, 10, 10]
    path = _write(tmp_path / "a.arrow", _table(identity=None, label=labels))
    config = arrow.Config(path=str(path))
    assert arrow.scan(config).identities == ("00000000", "00000002", "00000010")
    assert not config.names_people
    assert arrow.Config(path=str(write_arrow(tmp_path / "b.arrow", EVERYONE))).names_people


def test_identities_when_dictionary_encoded_then_texts(tmp_path: Path) -> None:
    coded = pa.array([who for _, who, _ in LISTED]).dictionary_encode()
    found = arrow.scan(arrow.Config(path=str(_write(tmp_path / "a.arrow", _table(identity=coded)))))
    assert found.identities == ("p00", "p01", "p02")
    stream = _write(tmp_path / "b.arrow", _table(identity=coded), stream=True)
    with pytest.raises(DataError, match=r"b\.arrow is a stream with a dictionary message"):
        arrow.scan(arrow.Config(path=str(stream)))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"image": None}, "no column image; it has identity"),
        ({"identity": None}, r"no column identity \(or label\); it has image"),
        ({"image": ["text"] * 8}, "column image is string, expected binary"),
        ({"image": [{"path": "x"}] * 8}, "column image is struct"),
        ({"image": [b"x"] * 7 + [None]}, "batch 2: 1 of 2 rows have no image"),
        ({"image": [{"bytes": None}] + [{"bytes": b"x"}] * 7}, "batch 0: 1 of 3 rows have no"),
        ({"identity": ["x"] * 7 + [None]}, "batch 2: 1 empty cells in identity"),
        ({"path": ["x"] * 8}, "1 sample ids occur more than once"),
        ({"identity": None, "label": [0.5] * 8}, "column label is double, expected whole"),
        ({"identity": None, "label": [-1] * 8}, "batch 0: 3 labels are negative"),
    ],
)
def test_scan_when_columns_do_not_fit_then_error_says_what_is_there(
    columns: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = _write(tmp_path / "a.arrow", _table(**columns))
    with pytest.raises(DataError, match=message):
        arrow.scan(arrow.Config(path=str(path)))


@pytest.mark.parametrize("stream", [False, True])
def test_file_when_cut_or_flipped_anywhere_then_its_bytes_or_data_error(
    stream: bool, tmp_path: Path
) -> None:
    whole = write_arrow(tmp_path / "whole.arrow", EVERYONE, stream=stream).read_bytes()
    rng = random.Random(3)
    path = tmp_path / "a.arrow"
    refused = 0
    for number in range(200):
        data = bytearray(whole)
        if number % 2:
            del data[rng.randrange(len(data)) :]
        else:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        try:
            _read_all(path)
        except DataError as error:
            refused += 1
            assert "a.arrow" in str(error)
    assert refused >= (50 if stream else 100)


def test_stream_when_its_first_message_is_no_schema_then_error_not_a_crash(tmp_path: Path) -> None:
    """Arrow reads a schema from any message it is given, and dies of it."""
    path = write_arrow(tmp_path / "a.arrow", EVERYONE, stream=True)
    with pa.OSFile(str(path)) as file:
        messages = list(pa.MessageReader.open_stream(file))
    with pa.OSFile(str(path), "wb") as file:
        for message in messages[1:]:
            message.serialize_to(file)
    with pytest.raises(DataError, match=r"a\.arrow cannot be read \(it begins with a message"):
        arrow.scan(arrow.Config(path=str(path)))


def test_read_when_file_is_cut_while_open_then_error_not_a_crash(tmp_path: Path) -> None:
    path = write_arrow(tmp_path / "a.arrow", EVERYONE)
    reader = arrow.open_reader(arrow.Config(path=str(path)))
    with path.open("r+b") as file:
        file.truncate(100)
    with pytest.raises(DataError, match=r"100 bytes, [\d,]+ when it was opened"):
        reader.read(0)


def test_stream_when_remote_then_error_says_which_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, uri = serve(tmp_path, monkeypatch)
    write_arrow(tmp_path / "a.arrow", EVERYONE, stream=True)
    with pytest.raises(DataError, match=r"is an Arrow stream.*the file format"):
        arrow.scan(arrow.Config(path=f"{uri}/a.arrow"))
