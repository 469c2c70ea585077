"""What every module of `frlib.data.parts` promises, and what each one adds."""

import numpy as np
import pytest

from frlib.core import discover
from frlib.core.config import Config
from frlib.core.errors import DataError
from frlib.data import parts
from frlib.data.manifest import Manifest
from frlib.data.parts import class_size, class_split, image_split
from tests.unit.data.tiny_sets import manifest

SIZES = (5, 1, 4, 15, 7, 2, 3, 10, 1, 6)
WHOLE = manifest(*SIZES)
CONFIGS: dict[str, list[Config]] = {
    "class_size": [class_size.Config(at_least=5), class_size.Config(below=5)],
    "class_split": [
        class_split.Config(part=part, order=order)
        for part in ("old", "new")
        for order in ("class", "random")
    ],
    "image_split": [
        image_split.Config(part=part, order=order)
        for part in ("old", "new")
        for order in ("id", "random")
    ],
}
EVERY = [
    config
    for name in discover.choices("frlib.data.parts")
    for config in CONFIGS.get(name, [discover.load("frlib.data.parts", name).Config()])
]


def _names(found: Manifest) -> list[str]:
    return [found.identities[label] for label in found.labels]


@pytest.mark.parametrize("config", EVERY, ids=str)
def test_part_when_selected_then_rows_keep_identity_truth_and_order(config: Config) -> None:
    found = parts.select(WHOLE, config)
    rows = np.searchsorted(WHOLE.refs, found.refs)
    np.testing.assert_array_equal(rows, np.sort(rows))
    assert _names(found) == _names(WHOLE.take(rows))
    np.testing.assert_array_equal(found.labels, found.true_labels)
    assert (found.class_sizes > 0).all()
    assert parts.select(WHOLE, config).digest == found.digest


def test_class_size_when_head_and_tail_then_together_the_whole() -> None:
    head = parts.select(WHOLE, class_size.Config(at_least=5))
    tail = parts.select(WHOLE, class_size.Config(below=5))
    assert head.class_sizes.tolist() == [5, 15, 7, 10, 6]
    assert tail.class_sizes.tolist() == [1, 4, 2, 3, 1]


def test_class_size_when_nobody_fits_then_error_says_the_sizes() -> None:
    with pytest.raises(DataError, match="at least 16 images; the 10 identities have 1 to 15"):
        parts.select(WHOLE, class_size.Config(at_least=16))


@pytest.mark.parametrize("order", ["class", "random"])
def test_class_split_when_both_parts_then_disjoint_and_whole(order: str) -> None:
    old, new = (
        parts.select(WHOLE, class_split.Config(part=part, order=order)) for part in ("old", "new")
    )
    assert old.num_classes == 3
    assert not {*old.identities} & {*new.identities}
    assert len(old) + len(new) == len(WHOLE)


def test_class_split_when_random_then_other_classes_than_in_order() -> None:
    drawn = parts.select(WHOLE, class_split.Config(order="random", share=0.5))
    assert drawn.identities != parts.select(WHOLE, class_split.Config(share=0.5)).identities


def test_class_split_when_a_side_is_empty_then_error() -> None:
    with pytest.raises(DataError, match="0 of 10 identities would be old"):
        parts.select(WHOLE, class_split.Config(share=0.01))


@pytest.mark.parametrize("order", ["id", "random"])
def test_image_split_when_both_parts_then_disjoint_but_for_single_images(order: str) -> None:
    old, new = (
        parts.select(WHOLE, image_split.Config(part=part, order=order)) for part in ("old", "new")
    )
    assert old.identities == new.identities == WHOLE.identities
    assert old.class_sizes.tolist() == [2, 1, 1, 4, 2, 1, 1, 3, 1, 2]
    shared = np.intersect1d(old.refs, new.refs)
    assert WHOLE.labels[np.searchsorted(WHOLE.refs, shared)].tolist() == [1, 8]
    assert len(np.union1d(old.refs, new.refs)) == len(WHOLE)
