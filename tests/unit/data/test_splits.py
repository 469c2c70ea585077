import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.config import DataConfig
from frlib.data.parts import class_split
from frlib.data.parts import whole as everything
from frlib.data.splits import own_outliers, sides, split
from tests.unit.data.tiny_sets import manifest


def _data(min_images: int, **holdout) -> DataConfig:
    return DataConfig(
        train={"name": "image_folder", "path": "x"}, min_images=min_images, holdout=holdout
    )


def _names(found) -> set[str]:
    return {found.identities[label] for label in np.unique(found.labels)}


def test_split_when_small_identities_are_used_then_2_to_min_minus_1_are_held_out() -> None:
    train, held = split(manifest(5, 1, 4, 2, 7), _data(5))
    assert _names(train) == {"p0000", "p0004"}
    assert held is not None
    assert _names(held) == {"p0002", "p0003"}
    assert train.class_sizes.tolist() == [5, 7]
    assert train.facts["split"] == {
        "train_identities": 2,
        "train_images": 12,
        "held_out_identities": 2,
        "held_out_images": 6,
        "dropped_identities": 1,
        "dropped_images": 1,
    }


def test_split_when_small_identities_are_not_used_then_dropped_and_nobody_held_out() -> None:
    train, held = split(manifest(5, 1, 4, 2, 7), _data(5, use_small=False))
    assert held is None
    assert train.facts["split"]["dropped_identities"] == 3
    assert train.facts["split"]["dropped_images"] == 7


def test_split_when_a_fraction_is_held_out_then_disjoint_complete_and_of_that_size() -> None:
    whole = manifest(*[3] * 40)
    train, held = split(whole, _data(1, fraction=0.25))
    assert held is not None
    assert (train.num_classes, held.num_classes) == (30, 10)
    assert _names(train) | _names(held) == set(whole.identities)
    again, _ = split(whole, _data(1, fraction=0.25))
    assert again.digest == train.digest


def test_split_when_min_images_is_1_then_everyone_trains() -> None:
    whole = manifest(3, 1, 2)
    train, held = split(whole, _data(1))
    assert held is None
    assert train.digest == whole.digest


def test_split_when_every_identity_has_one_image_then_error_says_so() -> None:
    with pytest.raises(DataError, match="each of the 9 identities has one image"):
        split(manifest(*[1] * 9), _data(1))


@pytest.mark.parametrize("min_images", [6, 50])
def test_split_when_fewer_than_two_identities_are_left_then_error_names_the_setting(
    min_images: int,
) -> None:
    with pytest.raises(DataError, match=rf"to train on.*data\.min_images={min_images}"):
        split(manifest(6, 3, 3), _data(min_images))


def test_split_when_own_outliers_are_set_apart_then_neither_trained_on_nor_held_out() -> None:
    whole = manifest(*[3] * 40, 2, 2)
    data = _data(3, fraction=0.25).model_copy(update={"own_outliers": 0.1})
    train, held = split(whole, data)
    apart = own_outliers(whole, data)
    assert held is not None
    assert apart is not None
    assert (train.num_classes, held.num_classes, apart.num_classes) == (27, 12, 3)
    assert _names(train) | _names(held) | _names(apart) == set(whole.identities)
    facts = train.facts["split"]
    assert (facts["own_outliers_identities"], facts["dropped_identities"]) == (3, 0)
    same_held = split(whole, _data(3, fraction=0.25))[1]
    assert same_held is not None
    assert same_held.identities == held.identities


def test_split_when_a_larger_share_is_set_apart_then_the_same_people_and_more() -> None:
    whole = manifest(*[3] * 40)
    few, many = (
        own_outliers(whole, _data(1).model_copy(update={"own_outliers": share}))
        for share in (0.1, 0.3)
    )
    assert few is not None
    assert many is not None
    assert set(few.identities) < set(many.identities)
    assert own_outliers(whole, _data(1)) is None


def test_split_when_nearly_all_are_set_apart_then_error_names_the_setting() -> None:
    data = _data(1).model_copy(update={"own_outliers": 0.9})
    with pytest.raises(DataError, match=r"data\.own_outliers=0\.9"):
        split(manifest(3, 3, 3), data)


def test_sides_when_people_are_held_out_of_the_whole_then_alike_for_old_and_new_parts() -> None:
    whole = manifest(*[4] * 12)
    old, new, every = (
        sides(whole, _data(1, fraction=0.25, of="whole").model_copy(update={"part": part}))
        for part in (
            class_split.Config(part="old"),
            class_split.Config(part="new"),
            everything.Config(),
        )
    )
    assert old.held_out is not None and len(_names(old.held_out)) == 3
    for other in (new, every):
        assert other.held_out is not None and _names(other.held_out) == _names(old.held_out)
    assert not _names(old.clean) & _names(new.clean)
    assert _names(old.clean) | _names(new.clean) == _names(every.clean)
    assert not _names(every.clean) & _names(old.held_out)


def test_sides_when_people_are_held_out_of_the_part_then_they_are_of_it() -> None:
    data = _data(1, fraction=0.25).model_copy(update={"part": class_split.Config(part="new")})
    found = sides(manifest(*[4] * 12), data)
    assert found.held_out is not None
    assert len(_names(found.clean) | _names(found.held_out)) == 8
    assert set(found.others.identities) == _names(found.clean) | _names(found.held_out)
