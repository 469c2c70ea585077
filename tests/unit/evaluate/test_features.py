"""Features: round trips, what is refused, files of other programs."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frlib.core.errors import DataError, NumericsError
from frlib.data import vectors
from frlib.data.texts import texts
from frlib.evaluate import features
from frlib.evaluate.features import Features

ABOUT = {"digest": "0123456789abcdef", "colour": "RGB", "size": 112}


def _made(count: int = 300, width: int = 64, *, mirrored: bool = True) -> Features:
    draw = np.random.default_rng(3)
    ids = texts([f"p{i // 3}/é{i}.jpg" for i in range(count)])
    plain, second = draw.normal(0, 9, (2, count, width)).astype(np.float32)
    plain[7] = 0
    return Features(ids, plain, second if mirrored else None, ABOUT)


def _unit(values: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(values.astype(np.float64), axis=1, keepdims=True)
    return values / np.where(lengths == 0, 1, lengths)


def test_features_when_kept_exactly_then_every_bit_returns(tmp_path: Path) -> None:
    made = _made()
    made.save(tmp_path / "a.arrow", exact=True)
    found = features.load(tmp_path / "a.arrow")
    assert found.ids.tolist() == made.ids.tolist()
    assert found.plain.tobytes() == made.plain.tobytes()
    assert found.mirrored is not None and made.mirrored is not None
    assert found.mirrored.tobytes() == made.mirrored.tobytes()
    assert found.about == ABOUT | {"stored": "float32"}


def test_features_when_rounded_then_directions_and_norms_are_within_the_stated_bounds(
    tmp_path: Path,
) -> None:
    made = _made()
    made.save(tmp_path / "a.arrow")
    found = features.load(tmp_path / "a.arrow")
    for before, after in ((made.plain, found.plain), (made.mirrored, found.mirrored)):
        assert before is not None and after is not None
        one, two = _unit(before), _unit(after)
        assert np.linalg.norm(one - two, axis=1).max() < 5e-4
        assert np.abs(one @ one.T - two @ two.T).max() < 1e-3
        assert not np.array_equal(before, after)
        lengths = [np.linalg.norm(v.astype(np.float64), axis=1) for v in (before, after)]
        np.testing.assert_allclose(lengths[1], lengths[0], rtol=1e-6)
    assert not found.plain[7].any()
    assert found.require_sound() == 1


def test_features_when_written_twice_then_bytes_are_equal(tmp_path: Path) -> None:
    for name in ("a", "b"):
        _made().save(tmp_path / f"{name}.arrow")
    assert (tmp_path / "a.arrow").read_bytes() == (tmp_path / "b.arrow").read_bytes()


def test_features_when_one_byte_is_flipped_or_the_end_is_lost_then_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    _made(40, 16).save(path)
    whole = path.read_bytes()
    sound = features.load(path)
    draw = np.random.default_rng(0)
    for at in draw.integers(0, len(whole), 150).tolist():
        damaged = bytearray(whole)
        damaged[at] ^= 0x20
        path.write_bytes(damaged)
        try:
            found = features.load(path)
        except DataError as error:
            assert str(path) in str(error)
        else:  # a byte of padding
            assert found.plain.tobytes() == sound.plain.tobytes()
            assert found.ids.tolist() == sound.ids.tolist()
    for length in (0, 5, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="cut off"):
            features.load(path)


def test_features_when_a_stored_number_is_changed_then_the_checksum_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    made = _made(40, 16)
    made.save(path, exact=True)
    whole = path.read_bytes()
    at = whole.index(made.plain[11].tobytes())
    path.write_bytes(whole[:at] + b"\x01\x02\x03\x04" + whole[at + 4 :])
    with pytest.raises(DataError, match="checksum"):
        features.load(path)


def test_places_when_images_lack_then_names_them() -> None:
    made = _made(9)
    assert made.places(texts(["p1/é4.jpg", "p0/é0.jpg"])).tolist() == [4, 0]
    assert made.take(np.array([4, 0])).ids.tolist() == ["p1/é4.jpg", "p0/é0.jpg"]
    with pytest.raises(DataError, match=r"1 of 2 images have no vector, first 'gone\.jpg'"):
        made.places(texts(["p0/é0.jpg", "gone.jpg"]))


@pytest.mark.parametrize("view", ["plain", "mirrored"])
def test_soundness_when_numbers_are_not_finite_or_all_zero_then_refused(view: str) -> None:
    made = _made(9)
    values = getattr(made, view)
    values[5, 2] = np.nan
    with pytest.raises(NumericsError, match=r"1 of 9 .* not finite, first of 'p1/é5\.jpg'"):
        made.require_sound()
    values[:] = 0
    with pytest.raises(NumericsError, match="all 9 vectors"):
        made.require_sound()


def test_features_when_shapes_or_ids_disagree_then_refused() -> None:
    ids, values = texts(["a", "b"]), np.ones((2, 3), dtype=np.float32)
    with pytest.raises(DataError, match="2 ids"):
        Features(ids, values[:1])
    with pytest.raises(DataError, match="3 dimensions plain, 2 mirrored"):
        Features(ids, values, values[:, :2])
    with pytest.raises(DataError, match="several vectors, first 'a'"):
        Features(texts(["a", "a"]), values)


def _foreign(folder: Path, *, mirrored: bool) -> dict[str, Path]:
    ids = ["x/1", "x/2"]
    plain = np.arange(6, dtype=np.float32).reshape(2, 3)
    arrays: dict[str, Any] = {"ids": np.array(ids), "embeddings": plain}
    columns: dict[str, Any] = {"id": ids, "embedding": plain.tolist()}
    if mirrored:
        arrays["mirrored"] = plain + 1
        columns["mirrored"] = (plain + 1).tolist()
    table = pa.table(columns)
    paths = {kind: folder / f"a.{kind}" for kind in ("npz", "parquet", "arrow", "feather")}
    np.savez(paths["npz"], **arrays)
    pq.write_table(table, paths["parquet"])
    for kind in ("arrow", "feather"):
        with pa.ipc.new_file(paths[kind], table.schema) as writer:
            writer.write_table(table, max_chunksize=1)
    return paths


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("kind", ["npz", "parquet", "arrow", "feather"])
def test_vectors_of_others_when_read_then_become_features(
    tmp_path: Path, kind: str, mirrored: bool
) -> None:
    found = features.from_vectors(_foreign(tmp_path, mirrored=mirrored)[kind])
    assert found.ids.tolist() == ["x/1", "x/2"]
    assert found.plain.tolist() == [[0, 1, 2], [3, 4, 5]]
    if mirrored:
        assert found.mirrored is not None and found.mirrored.tolist() == [[1, 2, 3], [4, 5, 6]]
    else:
        assert found.mirrored is None
    assert found.about["mirrored"] is mirrored and found.about["colour"] is None


@pytest.mark.parametrize("kind", ["npz", "parquet", "arrow"])
def test_vectors_of_others_when_cut_off_then_refused(tmp_path: Path, kind: str) -> None:
    path = _foreign(tmp_path, mirrored=True)[kind]
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="cannot be read"):
        features.from_vectors(path)


def test_own_file_when_read_by_others_then_directions_by_id(tmp_path: Path) -> None:
    made = _made(9)
    made.save(tmp_path / "a.arrow")
    assert features.from_vectors(tmp_path / "a.arrow").about["digest"] == ABOUT["digest"]
    read = vectors.read(tmp_path / "a.arrow")
    np.testing.assert_allclose(read.values, _unit(made.plain), atol=5e-4)
