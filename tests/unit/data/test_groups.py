"""Who is of which group, and pairs inside groups."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.core.config import digest, override, to_dict
from frlib.core.errors import ConfigError, DataError
from frlib.data import groups
from frlib.data.config import DataConfig, Holdout, NoiseConfig
from frlib.data.manifest import Manifest
from frlib.data.prepare import PairSet, dataset_digest, prepare
from frlib.data.sources import synth
from tests.unit.data.tiny_sets import manifest

FOLDER = Holdout(groups="folder")


def _set(*people: tuple[str, int]) -> Manifest:
    """People by name and number of images."""
    found = manifest(*(size for _, size in people))
    return Manifest(
        **{name: getattr(found, name) for name in Manifest.__dataclass_fields__}
        | {"identities": tuple(name for name, _ in people)}
    )


def _csv(path: Path, *lines: str, header: str = "identity,group") -> Holdout:
    path.write_text("\n".join([header, *lines]) + "\n")
    return Holdout(groups="file", groups_file=str(path))


HELD = _set(("a/1", 3), ("a/2", 2), ("b/3", 4))
TRAIN = _set(("a/4", 9), ("b/5", 9))


def test_rows_when_folders_name_groups_then_everybody_held_out_is_in_one() -> None:
    found = groups.rows(HELD, TRAIN, FOLDER)
    assert {name: rows.tolist() for name, rows in found.items()} == {
        "a": [0, 1, 2, 3, 4],
        "b": [5, 6, 7, 8],
    }


def test_rows_when_a_file_names_groups_then_it_decides_whatever_the_names(tmp_path: Path) -> None:
    lines = ("a/1,y", "a/2,x", "b/3,x", "a/4,x", "b/5,y", "nobody,z")
    found = groups.rows(HELD, TRAIN, _csv(tmp_path / "g.csv", *lines))
    assert {name: rows.tolist() for name, rows in found.items()} == {
        "x": [3, 4, 5, 6, 7, 8],
        "y": [0, 1, 2],
    }


def test_rows_when_nobody_of_a_group_is_held_out_then_error_names_it_and_what_to_raise() -> None:
    train = _set(("a/4", 9), ("c/5", 9), ("c/6", 9))
    with pytest.raises(DataError, match=r"nobody is held out of c 2 .*data\.holdout\.fraction"):
        groups.rows(HELD, train, FOLDER)


def test_rows_when_there_is_one_group_then_error_says_so() -> None:
    with pytest.raises(DataError, match="all 2 identities are of group 'a'"):
        groups.rows(_set(("a/1", 3)), _set(("a/4", 9)), FOLDER)


@pytest.mark.parametrize("name", ["plain", "/rooted"])
def test_rows_when_a_name_has_no_folder_then_error_shows_it(name: str) -> None:
    with pytest.raises(DataError, match=f"1 of 4 identities are in no folder, first '{name}'"):
        groups.rows(_set(("a/1", 3), ("b/1", 2)), _set(("a/4", 9), (name, 9)), FOLDER)


def test_rows_when_the_file_lacks_somebody_then_error_shows_who(tmp_path: Path) -> None:
    holdout = _csv(tmp_path / "g.csv", "a/1,y", "a/2,x", "b/3,x", "a/4,x")
    with pytest.raises(DataError, match=r"g\.csv: lacks 1 of 5 identities, first 'b/5'"):
        groups.rows(HELD, TRAIN, holdout)


@pytest.mark.parametrize(
    ("header", "line", "told"),
    [
        ("identity,group", "a/1,x\na/1,y", "'a/1' is of 'x' and of 'y'"),
        ("identity,group", "a/1,", "1 of 1 lines have no group"),
        ("identity,race", "a/1,x", "columns identity, race; expected a CSV with the columns"),
        ("identity,group", "", "no line in it"),
    ],
)
def test_rows_when_the_file_is_wrong_then_error_says_how(
    header: str, line: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=told):
        groups.rows(HELD, TRAIN, _csv(tmp_path / "g.csv", line, header=header))


def test_file_when_missing_or_not_named_then_error_says_what_to_set() -> None:
    with pytest.raises(DataError, match=r"groups_file: /none\.csv does not exist"):
        groups.digest(Holdout(groups="file", groups_file="/none.csv"))
    with pytest.raises(ConfigError, match=r"set data\.holdout\.groups_file to a CSV"):
        groups.digest(Holdout(groups="file"))


def _halves(found: Manifest) -> dict[str, np.ndarray]:
    return {
        "even": np.flatnonzero(found.labels % 2 == 0),
        "odd": np.flatnonzero(found.labels % 2 == 1),
    }


def test_pairs_when_drawn_then_inside_groups_and_alike_in_every_fold() -> None:
    people = manifest(*[6] * 24)
    found = groups.pairs_within(people, _halves(people), 120, 5, 0)
    assert found.groups == ("even", "odd")
    assert np.bincount(found.group).tolist() == [60, 60]
    for side in (found.left, found.right):
        assert (people.labels[side] % 2 == found.group).all()
    assert (found.same == (people.labels[found.left] == people.labels[found.right])).all()
    for group in (0, 1):
        for fold in range(5):
            mine = (found.group == group) & (found.fold == fold)
            assert mine.sum() == 12
            assert found.same[mine].sum() == 6
    folds_of: dict[int, set[int]] = {}
    for side in (found.left, found.right):
        for person, fold in zip(people.labels[side].tolist(), found.fold.tolist(), strict=True):
            folds_of.setdefault(person, set()).add(fold)
    assert all(len(own) == 1 for own in folds_of.values())


def test_pairs_when_one_group_is_poor_then_no_group_gets_more_than_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Three people of two images give three same pairs."""
    people = manifest(6, 2, 6, 2, 6, 2, 6)
    found = groups.pairs_within(people, _halves(people), 100, 1, 0)
    assert np.bincount(found.group).tolist() == [6, 6]
    assert "6 pairs in every group, as few as odd allows" in caplog.text


def test_pairs_when_a_group_allows_none_then_error_names_it() -> None:
    people = manifest(3, 1, 3, 1)
    with pytest.raises(DataError, match="group odd: 1 person-disjoint folds"):
        groups.pairs_within(people, _halves(people), 20, 1, 0)


def test_pairs_when_too_few_for_the_folds_then_error_says_how_many_are_needed() -> None:
    people = manifest(*[6] * 24)
    with pytest.raises(DataError, match=r"20 pairs over 2 groups are 10.*num_pairs to 24 or more"):
        groups.pairs_within(people, _halves(people), 20, 6, 0)


def _data(**holdout: Any) -> DataConfig:
    train = synth.Config(identities=36, images=4, groups=3)
    return DataConfig(train=train, holdout={"fraction": 0.5, "num_pairs": 90} | holdout)


def _selection(data: DataConfig, store: Path) -> PairSet:
    found = prepare(data, NoiseConfig(), 0, store).selection
    assert found is not None
    return found


def test_prepare_when_there_are_groups_then_the_same_people_are_held_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain, grouped = (_data(groups=groups) for groups in ("", "folder"))
    with caplog.at_level(logging.WARNING):
        found = _selection(grouped, tmp_path)
    assert set(found.manifest.identities) == set(_selection(plain, tmp_path).manifest.identities)
    assert found.pairs.groups == ("g0", "g1", "g2")
    names = [name.partition("/")[0] for name in found.manifest.ids[found.pairs.left].tolist()]
    assert names == [found.pairs.groups[number] for number in found.pairs.group]
    assert len(set(np.bincount(found.pairs.group).tolist())) == 1
    assert "held-out identities of g" in caplog.text


def test_digest_when_there_are_no_groups_then_as_if_the_field_were_not_there() -> None:
    assert "groups" not in to_dict(Holdout(), places=False)
    assert digest(Holdout(groups_file="x")) == digest(Holdout())
    assert len({digest(Holdout()), digest(FOLDER), digest(Holdout(groups="file"))}) == 3


def test_dataset_digest_when_a_file_names_groups_then_over_its_content(tmp_path: Path) -> None:
    one = _csv(tmp_path / "one.csv", "a,x")
    same = _csv(tmp_path / "same.csv", "a,x")
    other = _csv(tmp_path / "other.csv", "a,y")
    found = [
        dataset_digest(_data(groups="file", groups_file=holdout.groups_file), tmp_path)
        for holdout in (one, same, other)
    ]
    assert set(found[0]) == {"train", "holdout/groups"}
    assert found[0] == found[1] != found[2]
    assert set(dataset_digest(_data(groups="folder"), tmp_path)) == {"train"}


def test_override_when_the_file_is_set_before_or_after_then_both_work() -> None:
    words = ["holdout.groups=file", "holdout.groups_file=g.csv"]
    assert override(_data(), words) == override(_data(), words[::-1])
