"""Two sets against a plain full matrix."""

import numpy as np
import pytest

from frlib.core.errors import ProtocolError
from frlib.metrics import tails
from frlib.metrics.one_to_one import tars
from frlib.metrics.set_to_set import Across, set_to_set

_RNG = np.random.default_rng(0)
LEFT, RIGHT = (_RNG.integers(-3, 4, (n, 8)).astype(np.float32) + 0.5 for n in (40, 61))
LEFT_IS, RIGHT_IS = _RNG.integers(0, 9, 40), _RNG.integers(0, 9, 61)
FARS = (0.001, 0.01, 0.1)


def test_set_to_set_when_compared_with_all_scores_then_same_points() -> None:
    unit = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (LEFT, RIGHT)]
    same = LEFT_IS[:, None] == RIGHT_IS[None]
    expected = tars((unit[0] @ unit[1].T).ravel(), same.ravel(), FARS, "far_at_most")
    found = set_to_set(LEFT, LEFT_IS, RIGHT, RIGHT_IS, FARS)
    assert found.protocol == "set-to-set"
    for one, other in zip(found.points, expected, strict=True):
        assert one.tar == pytest.approx(other.tar, abs=1 / other.num_genuine)
        assert (one.num_genuine, one.num_impostors) == (other.num_genuine, other.num_impostors)


def test_across_when_shared_by_parts_then_as_in_one() -> None:
    whole = set_to_set(LEFT, LEFT_IS, RIGHT, RIGHT_IS, FARS)
    parts = [Across(LEFT, LEFT_IS, RIGHT, RIGHT_IS, part=k, parts=3, side=2048) for k in range(3)]
    seen = parts[0].first(FARS) + parts[1].first(FARS) + parts[2].first(FARS)
    bins = tails.fine_bins(seen.impostors, FARS)
    second = parts[0].second(bins) + parts[1].second(bins) + parts[2].second(bins)
    assert parts[0].result(seen, second, FARS) == whole


def test_across_when_nobody_is_in_both_sets_then_refused() -> None:
    with pytest.raises(ProtocolError, match="0 genuine"):
        Across(LEFT, LEFT_IS, RIGHT, RIGHT_IS + 100)
