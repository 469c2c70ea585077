"""What findings do to labels, and when too little is left."""

import numpy as np
import pytest

from frlib.cleaning.applied import apply_to, placed
from frlib.cleaning.effect import effect, shortage
from frlib.cleaning.evidence import Apply
from tests.unit.cleaning.worlds import SAMPLES, found, world

FLAGGED = {"a2": 1, "b1": None}


@pytest.mark.parametrize(
    ("apply", "moved", "dropped"),
    [
        ("both", {"a2": 1}, {"b1"}),
        ("relabel", {"a2": 1}, set[str]()),
        ("drop", dict[str, int](), {"a2", "b1"}),
    ],
)
def test_effect_when_applied_then_by_hand_and_as_the_set_is_cleaned(
    apply: Apply, moved: dict[str, int], dropped: set[str]
) -> None:
    one = found(FLAGGED)
    done, names = effect(one, apply), np.array(list(SAMPLES))
    assert dict(zip(names[done.is_relabelled], done.labels[done.is_relabelled], strict=True)) == (
        moved
    )
    assert set(names[done.is_dropped]) == dropped
    kept = ~done.is_relabelled
    assert (done.labels[kept] == one.given[kept]).all()
    left = apply_to(world(), placed(one, world()), apply).manifest
    assert left.ids.tolist() == names[~done.is_dropped].tolist()


@pytest.mark.parametrize(
    ("apply", "left", "fewest", "words"),
    [
        ("drop", ("a0", "b0"), 2, ""),
        (
            "drop",
            ("a0", "b0"),
            3,
            "7 of 9 samples are flagged, and apply=drop leaves 2 images",
        ),
        ("drop", ("a0", "a1", "a2"), 1, "leaves 3 images of 1 people; expected at least 1 of 2"),
        ("drop", (), 1, "leaves 0 images of 0 people"),
        ("relabel", (), 9, ""),
    ],
)
def test_shortage_when_little_is_left_then_says_how_little(
    apply: Apply, left: tuple[str, ...], fewest: int, words: str
) -> None:
    told = shortage(found(dict.fromkeys(set(SAMPLES) - set(left))), apply, fewest)
    assert words in told and bool(told) == bool(words)
