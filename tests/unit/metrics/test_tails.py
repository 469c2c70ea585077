import numpy as np
import pytest

from frlib.core.errors import ConfigError, NumericsError, ProtocolError
from frlib.metrics import tails
from frlib.metrics.one_to_one import tars
from frlib.metrics.tails import Coarse, Fine, coarse, fine, fine_bins, keep, points

TARGETS = (0.0, 1e-5, 1e-3, 0.02, 0.3, 1.0)


def _scores(seed, levels=None, impostors=30_000, genuine=500):
    draw = np.random.default_rng(seed)
    found = [draw.normal(size=impostors), draw.normal(1.5, size=genuine)]
    if levels is not None:
        found = [np.round(one * levels) / levels for one in found]
    return [one.astype(np.float32) for one in found]


def _direct(impostors, genuine, targets=TARGETS):
    same = np.r_[np.zeros(len(impostors), bool), np.ones(len(genuine), bool)]
    return tars(np.r_[impostors, genuine], same, targets, "far_at_most")


def _in_parts(impostors, parts, targets, wanted=None):
    """Both passes over `parts` workers that each see several blocks."""
    workers = [np.array_split(one, 4) for one in np.array_split(impostors, parts)]
    firsts = []
    for blocks in workers:
        own = Coarse()
        for block in blocks:
            own = own + coarse(block, 0 if wanted is None else own.floor(wanted))
        firsts.append(own)
    first = sum(reversed(firsts[1:]), firsts[0])
    bins = fine_bins(first, targets)
    seconds = [fine(block, bins) for blocks in workers for block in blocks]
    return first, sum(seconds[1:], seconds[0])


@pytest.mark.parametrize("levels", [None, 1, 4, 300])
@pytest.mark.parametrize("parts", [1, 3])
def test_points_when_any_ties_and_workers_then_equal_the_direct_ones(levels, parts):
    impostors, genuine = _scores(0, levels)
    found = points(*_in_parts(impostors, parts, TARGETS), genuine, TARGETS)
    assert found == _direct(impostors, genuine)


@pytest.mark.parametrize("levels", [None, 4])
@pytest.mark.parametrize("order", ["as drawn", "ascending", "descending"])
def test_points_when_scores_below_a_floor_are_left_out_then_still_equal(levels, order):
    impostors, genuine = _scores(1, levels)
    if order != "as drawn":
        impostors = np.sort(impostors)[:: 1 if order == "ascending" else -1]
    targets = (1e-5, 1e-3, 0.02)
    wanted = keep(len(impostors), targets)
    first, second = _in_parts(impostors, 3, targets, wanted)
    assert first.complete_from > 0
    assert first.num == len(impostors)
    assert (first.counts.sum() < first.num) == (order != "ascending")
    assert points(first, second, genuine, targets) == _direct(impostors, genuine, targets)


def test_points_when_extreme_numbers_then_equal_the_direct_ones():
    tiny = np.float32(1e-45)
    impostors = np.array([0.0, -0.0, tiny, -tiny, 3e38, -3e38, 1, -1, 1, -1, 0.0], np.float32)
    genuine = np.array([0.0, -0.0, tiny, 1.0, 2.0, -1.0], np.float32)
    targets = [at / 11 for at in range(12)]
    found = points(*_in_parts(impostors, 2, targets), genuine, targets)
    assert found == _direct(impostors, genuine, targets)


def test_passes_when_blocks_have_any_shape_then_as_in_one_row():
    impostors, _ = _scores(2)
    square = impostors[:29_929].reshape(173, 173)
    first = coarse(square)
    assert first.num == square.size
    np.testing.assert_array_equal(first.counts, coarse(square.T[:, ::-1]).counts)
    bins = fine_bins(first, [0.1])
    np.testing.assert_array_equal(fine(square, bins).counts, fine(square.ravel(), bins).counts)


def test_passes_when_parts_are_small_then_the_same(monkeypatch):
    impostors, genuine = _scores(3)
    expected = points(*_in_parts(impostors, 1, TARGETS), genuine, TARGETS)
    monkeypatch.setattr(tails, "_AT_ONCE", 1000)
    assert points(*_in_parts(impostors, 1, TARGETS), genuine, TARGETS) == expected


def test_points_when_fewer_impostors_than_one_over_far_then_marked():
    impostors, genuine = _scores(4)
    low, high = points(*_in_parts(impostors, 1, [1e-6, 1e-3]), genuine, [1e-6, 1e-3])
    assert (low.num_impostors_above, low.is_supported) == (0, False)
    assert low.threshold == impostors.max()
    assert (high.num_impostors_above, high.is_supported) == (30, True)


def test_merged_when_grouped_in_any_way_then_the_same():
    impostors, _ = _scores(5)
    a, b, c = (coarse(one) for one in np.array_split(impostors, 3))
    left, right = (a + b) + c, c + (b + a)
    np.testing.assert_array_equal(left.counts, right.counts)
    np.testing.assert_array_equal(left.counts, coarse(impostors).counts)
    assert left.num == right.num == len(impostors)


def test_points_when_the_passes_saw_different_scores_then_error():
    impostors, genuine = _scores(6)
    first, _ = _in_parts(impostors, 1, [0.01])
    bins = fine_bins(first, [0.01])
    with pytest.raises(NumericsError, match="different scores"):
        points(first, fine(impostors[100:] * np.float32(1.001), bins), genuine, [0.01])


def test_points_when_asked_for_what_was_not_counted_then_error():
    impostors, genuine = _scores(7)
    first, second = _in_parts(impostors, 1, [1e-3], keep(len(impostors), [1e-3]))
    with pytest.raises(ProtocolError, match="second pass looked into"):
        points(first, second, genuine, [5e-4])
    with pytest.raises(ProtocolError, match="below the counted ones"):
        points(first, second, genuine, [0.9])
    with pytest.raises(ProtocolError, match="do not add up"):
        second + Fine(bins=(1, 2), counts=np.zeros((2, tails.BINS), np.int64))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("from_bin", [0, 0xBF00])
def test_passes_when_a_score_is_not_finite_then_error(bad, from_bin):
    impostors, genuine = _scores(8)
    first, second = _in_parts(impostors, 1, [0.01])
    impostors[17] = bad
    with pytest.raises(NumericsError, match="impostor score"):
        coarse(impostors, from_bin)
    with pytest.raises(NumericsError, match="impostor score"):
        fine(impostors, [from_bin])
    genuine[3] = bad
    with pytest.raises(NumericsError, match="genuine score"):
        points(first, second, genuine, [0.01])


def test_points_when_a_kind_is_missing_or_the_type_is_wrong_then_error():
    impostors, genuine = _scores(9)
    first, second = _in_parts(impostors, 1, [0.01])
    with pytest.raises(ProtocolError, match="0 genuine scores"):
        points(first, second, genuine[:0], [0.01])
    with pytest.raises(ProtocolError, match="0 impostors"):
        points(Coarse(), second, genuine, [0.01])
    with pytest.raises(ProtocolError, match="float64"):
        coarse(impostors.astype(np.float64))
    with pytest.raises(ConfigError, match="between 0 and 1"):
        keep(100, [2])


def test_keep_when_any_target_then_one_more_than_may_pass():
    assert keep(1000, [0.01, 1e-5]) == 11
    assert keep(1000, [1.0]) == 1000
    assert keep(10**12, [1e-6]) == 10**6 + 1
