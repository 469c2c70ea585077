"""Mapped features: the same numbers as those read whole, rows of any batch, what is refused."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from frlib.core.errors import DataError
from frlib.data.texts import texts
from frlib.evaluate import features
from frlib.evaluate.features import Features
from frlib.evaluate.mapped import open_mapped

WIDTH = 24
ZERO = 5


@pytest.fixture(autouse=True)
def _short_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several record batches, the last one shorter."""
    monkeypatch.setattr(features, "ROWS", 16)


def _made(count: int = 75, *, mirrored: bool = False) -> Features:
    draw = np.random.default_rng(4)
    plain, second = draw.normal(0, 7, (2, count, WIDTH)).astype(np.float32)
    plain[ZERO] = 0
    ids = texts([f"é{'x' * (i % 7)}{i}" for i in range(count)])
    return Features(ids, plain, second if mirrored else None, {"digest": "0" * 16})


def _saved(folder: Path, *, exact: bool = False, mirrored: bool = False) -> Path:
    path = folder / "a.arrow"
    _made(mirrored=mirrored).save(path, exact=exact)
    return path


@pytest.mark.parametrize("exact", [False, True], ids=["rounded", "exact"])
def test_rows_when_taken_in_any_order_then_are_those_of_the_whole_file(
    exact: bool, tmp_path: Path
) -> None:
    path = _saved(tmp_path, exact=exact)
    whole, mapped = features.load(path), open_mapped(path)
    assert mapped.shape == whole.plain.shape and mapped.dimensions == WIDTH
    assert mapped.ids.tolist() == whole.ids.tolist() and mapped.about == whole.about
    rows = np.random.default_rng(0).integers(0, len(mapped), 200)
    assert np.array_equal(mapped.raw(rows), whole.plain[rows])
    unit, norms = mapped.take(rows)
    assert unit.dtype == norms.dtype == np.float32
    np.testing.assert_allclose(unit * norms[:, None], whole.plain[rows], rtol=1e-6, atol=1e-6)
    lengths = np.linalg.norm(unit, axis=1)
    np.testing.assert_allclose(lengths[norms > 0], 1, rtol=1e-6)
    np.testing.assert_allclose(mapped.norms(), np.linalg.norm(whole.plain, axis=1), rtol=1e-6)


def test_take_when_a_row_is_zero_then_stays_zero(tmp_path: Path) -> None:
    for exact in (False, True):
        unit, norms = open_mapped(_saved(tmp_path, exact=exact)).take(np.array([ZERO, ZERO + 1]))
        assert not unit[0].any() and norms[0] == 0 and unit[1].any() and norms[1] > 0


def test_take_when_no_row_is_asked_for_then_is_empty(tmp_path: Path) -> None:
    unit, norms = open_mapped(_saved(tmp_path)).take(np.empty(0, dtype=np.int64))
    assert unit.shape == (0, WIDTH) and norms.shape == (0,)


def test_slices_when_cut_then_stand_in_for_an_array(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    whole, mapped = features.load(path).plain, open_mapped(path)
    for part in (slice(None), slice(10, 40), slice(70, 999), slice(30, 30), slice(-3, None)):
        assert np.array_equal(mapped[part], whole[part])
    order = np.array([74, 0, 17, 16, 15, 0])
    rows = mapped.ordered(order)
    assert rows.shape == (6, WIDTH) and rows.ndim == 2 and len(rows) == 6
    assert np.array_equal(rows[:4], whole[order[:4]]) and np.array_equal(
        rows[4:9], whole[order[4:]]
    )


def test_views_when_there_are_two_then_each_is_opened_by_name(tmp_path: Path) -> None:
    path = _saved(tmp_path, mirrored=True)
    whole = features.load(path)
    assert whole.mirrored is not None
    assert np.array_equal(open_mapped(path, "mirrored")[:], whole.mirrored)
    assert np.array_equal(open_mapped(path)[:], whole.plain)
    with pytest.raises(DataError, match="no column mirrored"):
        open_mapped(_saved(tmp_path), "mirrored")


def test_places_when_images_lack_then_says_how_many_and_the_first(tmp_path: Path) -> None:
    mapped = open_mapped(_saved(tmp_path))
    assert mapped.places(mapped.ids[[40, 3]]).tolist() == [40, 3]
    asked = texts([str(mapped.ids[2]), "gone", "away"])
    with pytest.raises(DataError, match=r"a\.arrow: 2 of 3 images have no vector, first 'gone'"):
        mapped.places(asked)


def test_open_when_the_file_is_missing_cut_off_or_foreign_then_says_so(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    whole = path.read_bytes()
    with pytest.raises(DataError, match="does not exist"):
        open_mapped(tmp_path / "b.arrow")
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="cut off"):
            open_mapped(path)
    table = pa.table({"id": ["a"], "embedding": [[1.0, 2.0]]})
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(DataError, match="no whole file of features"):
        open_mapped(path)


def test_open_when_numbers_are_compressed_then_refused(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as opened:
        table = opened.read_all()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_file(tmp_path / "b.arrow", table.schema, options=options) as writer:
        writer.write_table(table)
    with pytest.raises(DataError, match="not stored number by number"):
        open_mapped(tmp_path / "b.arrow")


def test_open_when_metadata_is_damaged_then_refused_or_as_it_was(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    whole, sound = path.read_bytes(), features.load(path)
    draw = np.random.default_rng(0)
    for at in draw.integers(0, len(whole), 150).tolist():
        damaged = bytearray(whole)
        damaged[at] ^= 0x20
        path.write_bytes(damaged)
        try:
            found = open_mapped(path)
        except DataError as error:
            assert str(path) in str(error)
        else:  # numbers or ids are checked where the file is made, not here
            assert found.shape == sound.plain.shape and found[:].shape == sound.plain.shape
