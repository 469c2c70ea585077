import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.lists.identification import EXTRA, GALLERY, PROBE, choose
from tests.unit.data.tiny_sets import manifest

MIXED = manifest(1, 4, 2, 1, 7, 1)


def test_choose_when_people_have_several_images_then_one_is_the_gallery() -> None:
    roles = choose(MIXED, seed=0).roles
    for label, size in enumerate(MIXED.class_sizes):
        mine = roles[MIXED.labels == label]
        if size == 1:
            assert mine.tolist() == [EXTRA]
        else:
            assert sorted(mine.tolist()) == sorted([GALLERY] + [PROBE] * (size - 1))


def test_choose_when_counted_then_every_image_has_a_role() -> None:
    assert choose(MIXED, 0).counts() == {"gallery": 3, "probe": 10, "gallery_extra": 3}


def test_choose_when_repeated_then_seed_decides() -> None:
    many = manifest(*[9] * 30)
    one, two, three = (choose(many, seed).roles for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert (one != three).any()


def test_choose_when_drawn_often_then_every_image_is_the_gallery_now_and_then() -> None:
    people = manifest(3, 2)
    drawn = {int(np.flatnonzero(choose(people, seed).roles == GALLERY)[0]) for seed in range(40)}
    assert drawn == {0, 1, 2}


@pytest.mark.parametrize("sizes", [(1, 1, 1), (5, 1, 1)])
def test_choose_when_too_few_people_have_two_images_then_error_counts_them(sizes) -> None:
    able = sum(size > 1 for size in sizes)
    with pytest.raises(DataError, match=f"{able} of 3 identities have two images"):
        choose(manifest(*sizes), 0)
