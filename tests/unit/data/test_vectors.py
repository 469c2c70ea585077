"""Embedding files: forms, what is refused, centres and neighbours."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frlib.core.errors import DataError
from frlib.data import vectors
from frlib.data.texts import texts

IDS = ["a/0.jpg", "a/1.jpg", "b/0.jpg"]
VALUES = np.arange(12, dtype=np.float32).reshape(3, 4) + 1


def _npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def _parquet(path: Path, key: str, column: Any) -> Path:
    pq.write_table(pa.table({key: IDS, "embedding": column}), path)
    return path


def _files(folder: Path) -> dict[str, Path]:
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(VALUES.ravel()), 4)
    return {
        "plain": _npz(folder / "plain.npz", ids=np.array(IDS), embeddings=VALUES),
        "pairs": _npz(
            folder / "pairs.npz",
            train_path=np.array(IDS[:2]),
            train_emb=VALUES[:2].astype(np.float16),
            eval_path=np.array(IDS[2:]),
            eval_emb=VALUES[2:].astype(np.float16),
            note=np.array([1]),
        ),
        "lists": _parquet(folder / "lists.parquet", "path", VALUES.tolist()),
        "fixed": _parquet(folder / "fixed.parquet", "id", fixed),
    }


@pytest.mark.parametrize("form", ["plain", "pairs", "lists", "fixed"])
def test_read_when_of_a_known_form_then_ids_and_float32(form: str, tmp_path: Path) -> None:
    found = vectors.read(_files(tmp_path)[form])
    assert found.values.dtype == np.float32
    wanted = texts(["b/0.jpg", "a/1.jpg", "b/0.jpg"])
    np.testing.assert_array_equal(found.values[found.places(wanted)], VALUES[[2, 1, 2]])


def test_digest_when_file_moves_then_equal_and_when_changed_not(tmp_path: Path) -> None:
    path = _files(tmp_path)["plain"]
    before = vectors.digest(path)
    moved = path.rename(tmp_path / "moved.npz")
    assert vectors.digest(moved) == before
    _npz(moved, ids=np.array(IDS), embeddings=VALUES + 1)
    assert vectors.digest(moved) != before
    with pytest.raises(DataError, match=r"plain\.npz does not exist; expected"):
        vectors.digest(path)


def test_places_when_an_id_is_not_there_then_error_counts_and_names(tmp_path: Path) -> None:
    found = vectors.read(_files(tmp_path)["plain"])
    with pytest.raises(
        DataError, match=r"plain\.npz: 2 of 3 images have no vector, first 'c', 'd'"
    ):
        found.places(texts(["c", "a/0.jpg", "d"]))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": VALUES}, r"holds x; expected a \.npz with arrays ids and embeddings"),
        ({"ids": np.array(IDS), "embeddings": VALUES[:2]}, r"3 ids and embeddings of shape \(2, 4"),
        ({"ids": np.array(IDS), "embeddings": VALUES[:, 0]}, r"of shape \(3,\)"),
        ({"ids": np.array(["a", "b", "a"]), "embeddings": VALUES}, "1 ids have several .*'a'"),
        (
            {"ids": np.array(IDS), "embeddings": np.where(VALUES == 5, np.nan, VALUES)},
            r"1 vectors are not finite, first of 'a/1\.jpg'",
        ),
        ({"ids": np.array(IDS, dtype=object), "embeddings": VALUES}, "cannot be read .*pickle"),
        ({"ids": np.array(IDS), "embeddings": VALUES.astype(str)}, "of type <U32, not numbers"),
        ({"ids": np.array(IDS), "embeddings": VALUES.astype(complex)}, "complex128, not numbers"),
        (
            {"ids": np.array(IDS), "embeddings": VALUES.astype(float) + 1e300},
            "3 vectors are not finite",
        ),
        ({"ids": np.array([b"\xff", b"b", b"c"]), "embeddings": VALUES}, "cannot be read .*utf-8"),
        (
            {"ids": np.frombuffer(b"\0\0\xff\0" * 3, "<U1"), "embeddings": VALUES},
            "ids are no texts",
        ),
    ],
)
def test_read_when_npz_is_wrong_then_error_says_what_was_found(
    arrays: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        vectors.read(_npz(tmp_path / "wrong.npz", **arrays))


def test_read_when_damaged_missing_or_of_another_kind_then_error(tmp_path: Path) -> None:
    files = _files(tmp_path)
    for name in ("plain", "fixed"):
        files[name].write_bytes(files[name].read_bytes()[:-60])
        with pytest.raises(DataError, match="cannot be read"):
            vectors.read(files[name])
    with pytest.raises(DataError, match="does not exist"):
        vectors.read(tmp_path / "none.npz")
    (tmp_path / "a.csv").write_text("1")
    with pytest.raises(DataError, match=r"a file of kind '\.csv'"):
        vectors.read(tmp_path / "a.csv")


def test_read_when_a_flag_says_encrypted_then_error(tmp_path: Path) -> None:
    path = _npz(tmp_path / "a.npz", ids=np.array(IDS), embeddings=VALUES)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="encrypted"):
        vectors.read(path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["a", None, "c"], "embedding": VALUES.tolist()}, "1 vectors have no id"),
        ({"id": [b"a", b"\xff", b"c"], "embedding": VALUES.tolist()}, "ids of type binary"),
        ({"id": [["a"]] * 3, "embedding": VALUES.tolist()}, "ids of type list"),
        ({"id": IDS, "embedding": [["a"]] * 3}, "not numbers"),
        ({"id": IDS, "embedding": [[[1.0]]] * 3}, "not numbers"),
    ],
)
def test_read_when_columns_hold_something_else_then_error(
    columns: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.arrow"
    table = pa.table(columns)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)
    with pytest.raises(DataError, match=message):
        vectors.read(path)


def test_read_when_a_column_is_there_twice_then_error(tmp_path: Path) -> None:
    table = pa.table([IDS, VALUES.tolist(), VALUES.tolist()], names=["id", *["embedding"] * 2])
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as file:
        file.write_table(table)
    with pytest.raises(DataError, match="exists 2 times"):
        vectors.read(tmp_path / "a.arrow")


def test_read_when_parquet_lists_differ_or_columns_lack_then_error(tmp_path: Path) -> None:
    ragged = _parquet(tmp_path / "r.parquet", "id", [[1.0], [1.0, 2.0], [1.0, 2.0, 3.0]])
    with pytest.raises(DataError, match="vectors of 1 to 3 numbers"):
        vectors.read(ragged)
    with pytest.raises(DataError, match="has columns name, embedding"):
        vectors.read(_parquet(tmp_path / "n.parquet", "name", VALUES.tolist()))
    with pytest.raises(DataError, match="column embedding of type double"):
        vectors.read(_parquet(tmp_path / "d.parquet", "id", [1.0, 2.0, 3.0]))


def test_centres_when_classes_are_mixed_then_normalised_mean_of_normalised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vectors, "_BLOCK", 7)
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 6)).astype(np.float32)
    known = vectors.Vectors(texts([f"i{i}" for i in range(50)]), values)
    rows = rng.permutation(50)
    labels = rng.integers(0, 5, 50)
    labels[labels == 3] = 4
    found = vectors.class_centres(known, known.ids[rows], labels, 5)
    unit = values[rows] / np.linalg.norm(values[rows], axis=1, keepdims=True)
    for label in (0, 1, 2, 4):
        mean = unit[labels == label].mean(axis=0)
        np.testing.assert_allclose(found[label], mean / np.linalg.norm(mean), atol=1e-6)
    assert not found[3].any()


@pytest.mark.parametrize("k", [1, 4, 30])
def test_nearest_when_blockwise_then_as_from_the_whole_matrix(
    k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(30, 8)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    eligible = rng.random(30) < 0.6
    found = vectors.nearest(centres, k, eligible)
    cosines = centres @ centres.T
    for row in range(30):
        allowed = [c for c in np.argsort(-cosines[row]) if c != row and eligible[c]]
        expected = (allowed + [-1] * k)[:k]
        assert found[row].tolist() == expected


def test_nearest_when_nobody_else_is_there_then_minus_one() -> None:
    one = np.ones((1, 2), dtype=np.float32)
    assert vectors.nearest(one, 2).tolist() == [[-1, -1]]
    assert vectors.nearest(one, 1, np.array([False])).tolist() == [[-1]]
