import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.manifest import UNKNOWN, from_table
from tests.unit.data.tiny_sets import manifest


def _table(ids, names, **changes):
    given = {
        "ids": ids,
        "names": names,
        "checksums": [f"sum-{i}" for i in ids],
        "refs": range(len(ids)),
        "reader": None,
        "colour": "RGB",
        "trusted": True,
    }
    return from_table(**(given | changes))


def test_rows_when_given_in_any_order_then_sorted_by_identity_and_id() -> None:
    found = _table(["z/1", "a/2", "a/1", "m/0"], ["z", "a", "a", "m"])
    assert found.ids.tolist() == ["a/1", "a/2", "m/0", "z/1"]
    assert found.identities == ("a", "m", "z")
    assert found.labels.tolist() == [0, 0, 1, 2]
    assert found.refs.tolist() == [2, 1, 3, 0]
    assert found.class_sizes.tolist() == [2, 1, 1]


def test_identities_when_numbers_then_sorted_as_texts() -> None:
    found = _table(["x", "y"], ["10", "2"])
    assert found.identities == ("10", "2")


def test_truth_when_source_not_trusted_then_unknown() -> None:
    found = _table(["x", "y"], ["a", "b"], trusted=False)
    assert found.true_labels.tolist() == [UNKNOWN, UNKNOWN]
    assert found.labels.tolist() == [0, 1]


def test_ids_when_one_repeats_then_error_names_it() -> None:
    with pytest.raises(DataError, match=r"1 sample ids occur more than once.*'twice'"):
        _table(["twice", "twice", "once"], ["a", "b", "a"])


def test_rows_when_none_then_error() -> None:
    with pytest.raises(DataError, match="no samples"):
        _table([], [])


def test_digest_when_rows_are_shuffled_or_moved_then_equal_and_with_other_bytes_differs() -> None:
    one = _table(["a", "b"], ["x", "y"])
    moved = _table(["b", "a"], ["y", "x"], reader={"path": "elsewhere"})
    other = _table(["a", "b"], ["x", "y"], checksums=["sum-a", "changed"])
    assert one.digest == moved.digest
    assert one.digest != other.digest


def test_keep_identities_when_one_goes_then_labels_have_no_gap() -> None:
    kept = manifest(2, 3, 1).keep_identities(np.array([True, False, True]))
    assert kept.identities == ("p0000", "p0002")
    assert kept.labels.tolist() == [0, 0, 1]
    assert kept.true_labels.tolist() == [0, 0, 1]
