from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.manifest import Manifest
from frlib.data.pairs import Pairs, draw, named_csv, read_csv
from tests.unit.data.tiny_sets import manifest

MIXED = manifest(*[8] * 10, *[2] * 40, *[1] * 30)


def _check(found: Pairs, people: Manifest) -> None:
    """What every list must satisfy, whatever its size."""
    left, right = people.labels[found.left], people.labels[found.right]
    np.testing.assert_array_equal(found.same, left == right)
    assert (found.left != found.right).all()
    pairs = {frozenset(p) for p in zip(found.left.tolist(), found.right.tolist(), strict=True)}
    assert len(pairs) == len(found)
    homes: dict[int, set[int]] = {}
    for labels in (left, right):
        for label, fold in zip(labels.tolist(), found.fold.tolist(), strict=True):
            homes.setdefault(label, set()).add(fold)
    assert all(len(folds) == 1 for folds in homes.values())
    for fold in range(found.num_folds):
        mine = found.fold == fold
        assert found.same[mine].sum() * 2 == mine.sum() > 0


@pytest.mark.parametrize(("num", "folds"), [(200, 10), (100, 5), (60, 1), (98, 7)])
def test_draw_when_enough_images_then_exactly_as_asked(num: int, folds: int) -> None:
    found = draw(MIXED, num, folds, seed=0)
    _check(found, MIXED)
    assert len(found) == num
    assert found.num_folds == folds
    counts = np.bincount(found.fold)
    assert counts.max() - counts.min() <= 2


def test_draw_when_more_is_asked_than_there_is_then_all_same_pairs_and_a_warning(caplog) -> None:
    """10 people of 8 images give 28 same pairs each, 40 of 2 give 1: 320 in all, 32 a fold."""
    found = draw(MIXED, 5000, 10, seed=0)
    _check(found, MIXED)
    assert found.same.sum() == 320
    assert "5,000 pairs asked for, 640 drawn" in caplog.text


def test_draw_when_one_person_has_many_images_then_at_most_40_same_pairs() -> None:
    people = manifest(60, 60, 60, 60)
    found = draw(people, 10_000, 2, seed=0)
    _check(found, people)
    per_person = np.bincount(people.labels[found.left[found.same]])
    assert per_person.tolist() == [40, 40, 40, 40]


def test_draw_when_different_pairs_are_the_scarce_kind_then_all_of_them() -> None:
    """Two people of 5 and 2 images: 10 + 1 same pairs, 5 x 2 different ones."""
    people = manifest(5, 2)
    found = draw(people, 1000, 1, seed=0)
    _check(found, people)
    assert (~found.same).sum() == 10


def test_draw_when_repeated_then_seed_decides() -> None:
    one, two, three = (draw(MIXED, 100, 5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.left, two.left)
    np.testing.assert_array_equal(one.right, two.right)
    assert (one.left != three.left).any()


@pytest.mark.parametrize(
    ("sizes", "folds"), [((1, 1, 1, 1), 1), ((9,), 1), ((2, 2, 2), 2), ((2, 1, 1, 1), 2)]
)
def test_draw_when_a_fold_cannot_have_both_kinds_then_error_with_counts(sizes, folds) -> None:
    able = sum(n > 1 for n in sizes)
    with pytest.raises(DataError, match=rf"found {len(sizes)} identities, {able} with two or more"):
        draw(manifest(*sizes), 20, folds, seed=0)


def _csv(path: Path, *rows: str, header: str = "protocol,fold,path_a,path_b,same") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


PEOPLE = manifest(2, 2)
A0, A1, B0, B1 = PEOPLE.ids.tolist()


def test_read_when_protocol_is_given_then_its_rows_with_folds_from_0(tmp_path: Path) -> None:
    path = _csv(
        tmp_path / "p.csv",
        f"official,10,{A0},{A1},1",
        f"other,1,{A0},{B1},0",
        f"official,3,{B0},{A1},0",
        f"official,9,{B1},{B0},True",
    )
    found = read_csv(path, "official", PEOPLE)
    assert found.left.tolist() == [0, 2, 3]
    assert found.right.tolist() == [1, 1, 2]
    assert found.same.tolist() == [True, False, True]
    assert found.fold.tolist() == [2, 0, 1]
    assert len(read_csv(path, "", PEOPLE)) == 4


def test_read_when_no_fold_column_then_one_fold(tmp_path: Path) -> None:
    path = _csv(tmp_path / "p.csv", f"{A0},{A1},1", header="path_a,path_b,same")
    assert read_csv(path, "", PEOPLE).fold.tolist() == [0]


def test_read_when_images_are_missing_then_error_names_them(tmp_path: Path) -> None:
    path = _csv(tmp_path / "p.csv", f"x,0,{A0},gone/1.jpg,1", f"x,0,gone/0.jpg,{A1},0")
    with pytest.raises(DataError, match=r"2 images .* first gone/0\.jpg, gone/1\.jpg"):
        read_csv(path, "x", PEOPLE)


def test_read_when_protocol_is_unknown_then_error_lists_the_known(tmp_path: Path) -> None:
    path = _csv(tmp_path / "p.csv", f"official,0,{A0},{A1},1")
    with pytest.raises(DataError, match=r"'oficial'; it has \['official'\]"):
        read_csv(path, "oficial", PEOPLE)


def test_read_when_columns_are_missing_then_error_names_them(tmp_path: Path) -> None:
    path = _csv(tmp_path / "p.csv", f"{A0},{A1}", header="path_a,b")
    with pytest.raises(DataError, match=r"no column path_b, same; found path_a, b"):
        read_csv(path, "", PEOPLE)


def test_read_when_same_is_neither_then_error_shows_it(tmp_path: Path) -> None:
    path = _csv(tmp_path / "p.csv", f"x,0,{A0},{A1},maybe")
    with pytest.raises(DataError, match="same='maybe'"):
        read_csv(path, "", PEOPLE)


def test_read_when_file_is_missing_then_error_names_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: cannot be read"):
        read_csv(tmp_path / "none.csv", "", PEOPLE)


def test_read_when_truth_disagrees_with_identities_then_kept_and_warned(tmp_path, caplog) -> None:
    path = _csv(tmp_path / "p.csv", f"x,0,{A0},{B0},1")
    assert read_csv(path, "", PEOPLE).same.tolist() == [True]
    assert "1 pairs disagree" in caplog.text


def test_named_when_folds_are_no_plain_numbers_then_after_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    folds = ("²", "10", "9" * 5000, "2")
    rows = "".join(f"{fold},a,b,1\n" for fold in folds)
    path.write_text(f"\ufefffold,path_a,path_b,same\n{rows}", encoding="utf-8")
    assert named_csv(path)[""].fold.tolist() == [3, 1, 2, 0]
