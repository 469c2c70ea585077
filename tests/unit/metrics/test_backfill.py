"""A mixed gallery: its ends are the two tests, its middle is what brute force finds."""

from collections.abc import Sequence

import numpy as np
import pytest

from frlib.core.errors import ConfigError, ProtocolError
from frlib.core.seeds import stream
from frlib.metrics.backfill import SHARES, curve, curve_of_pairs
from frlib.metrics.identification import Enrolled, identify
from frlib.metrics.one_to_one import tars

GALLERY, PROBES, DIM = 30, 50, 8


def _made(*, is_open: bool) -> tuple[np.ndarray, ...]:
    """Old and new gallery of 20 people, some enrolled twice; queries by both models."""
    rng = np.random.default_rng(3)
    people = rng.normal(size=(25, DIM))
    of_entry = np.append(np.arange(20), rng.integers(0, 20, GALLERY - 20))
    of_probe = rng.integers(0, 25 if is_open else 20, PROBES)

    def seen(persons: np.ndarray, noise: float) -> np.ndarray:
        views = people[persons] + noise * rng.normal(size=(len(persons), DIM))
        return views.astype(np.float32)

    return seen(of_entry, 1.0), seen(of_entry, 0.6), of_entry, seen(of_probe, 0.6), of_probe


def _unit(rows: np.ndarray) -> np.ndarray:
    found: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def _mixed(old: np.ndarray, new: np.ndarray, count: int, seed: int) -> np.ndarray:
    order = stream(seed, "backfill").permutation(len(old))
    mixed = old.copy()
    mixed[order[:count]] = new[order[:count]]
    return mixed


@pytest.mark.parametrize("seed", [0, 4])
def test_curve_when_open_set_then_every_share_is_a_search_in_the_mixed_gallery(seed: int) -> None:
    old, new, of_entry, probes, of_probe = _made(is_open=True)
    points = curve(old, new, of_entry, probes, of_probe, seed=seed, fpirs=(0.1, 0.3))
    assert [point.num_new for point in points] == [round(GALLERY * share) for share in SHARES]
    for point in points:
        found = identify(
            Enrolled(features=_mixed(old, new, point.num_new, seed), subjects=of_entry),
            Enrolled(features=probes, subjects=of_probe),
            ranks=(1,),
            targets=(0.1, 0.3),
        )
        assert point.rate("rank1").value == pytest.approx(found.rank_rates[0], abs=1e-12)
        for expected in found.points:
            rate = point.rate(f"tpir@fpir={expected.target:g}")
            assert rate.value == pytest.approx(expected.tpir, abs=1e-12)
            assert rate.num_impostors_above == expected.num_impostors_above
    assert len({point.rate("rank1").value for point in points}) > 2


def _cells(
    gallery: np.ndarray, probes: np.ndarray, fars: Sequence[float], same: np.ndarray
) -> list:
    score = (_unit(probes) @ _unit(gallery).T).ravel()
    return [one.tar for one in tars(score, same.ravel(), fars, "far_at_most")]


def test_curve_when_closed_set_then_one_threshold_over_all_cells() -> None:
    old, new, of_entry, probes, of_probe = _made(is_open=False)
    fars, same = (0.001, 0.01, 0.1), of_probe[:, None] == of_entry
    points = curve(old, new, of_entry, probes, of_probe, fars=fars)
    for point in points:
        expected = _cells(_mixed(old, new, point.num_new, 0), probes, fars, same)
        found = [point.rate(f"tar@far={far:g}").value for far in fars]
        assert found == pytest.approx(expected, abs=1e-12)
    rate = points[0].rate("tar@far=0.1")
    assert len(rate.event_M) == same.sum()


def test_curve_when_blocks_are_small_then_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _made(is_open=False)
    whole = curve(*made)
    monkeypatch.setattr("frlib.metrics.backfill._CELLS", 4 * GALLERY)
    for one, other in zip(whole, curve(*made), strict=True):
        assert [r.value for r in one.rates] == [r.value for r in other.rates]


def test_curve_when_models_are_equal_then_flat() -> None:
    _, new, of_entry, probes, of_probe = _made(is_open=False)
    points = curve(new, new, of_entry, probes, of_probe)
    assert len({tuple(rate.value for rate in point.rates) for point in points}) == 1


def test_curve_when_old_entries_have_a_space_of_their_own_then_probes_of_it_are_used() -> None:
    old, new, of_entry, probes, of_probe = _made(is_open=True)
    cut = curve(
        old[:, :5], new, of_entry, probes, of_probe, shares=(0, 1), probe_of_old_QD=probes[:, :5]
    )
    alone = curve(old[:, :5], old[:, :5], of_entry, probes[:, :5], of_probe, shares=(0,))
    assert cut[0].rate("rank1").value == alone[0].rate("rank1").value
    whole = curve(new, new, of_entry, probes, of_probe, shares=(1,))
    assert cut[1].rate("rank1").value == whole[0].rate("rank1").value


def test_curve_when_shares_grow_then_sets_are_nested_and_each_entry_counts_once() -> None:
    old, new, of_entry, probes, of_probe = _made(is_open=True)
    points = curve(old, new, of_entry, probes, of_probe, shares=(0.5, 0, 0.5, 1))
    assert [point.share for point in points] == [0.5, 0, 0.5, 1]
    assert points[0].rate("rank1").value == points[2].rate("rank1").value


def test_curve_when_input_does_not_fit_then_told() -> None:
    old, new, of_entry, probes, of_probe = _made(is_open=True)
    with pytest.raises(ProtocolError, match="same entries by both models"):
        curve(old[1:], new, of_entry, probes, of_probe)
    with pytest.raises(ProtocolError, match="none of 50 probes"):
        curve(old, new, of_entry, probes, of_probe + 100)
    with pytest.raises(ProtocolError, match="as numbers or both as text"):
        curve(old, new, of_entry, probes, of_probe.astype(str))
    with pytest.raises(ConfigError, match="between 0 and 1"):
        curve(old, new, of_entry, probes, of_probe, shares=(0, 50))
    (point,) = curve(old, new, of_entry, probes, of_probe, shares=(0,))
    with pytest.raises(ProtocolError, match=r"no rate 'tar@far=0\.1'"):
        point.rate("tar@far=0.1")


def test_curve_of_pairs_when_listed_then_ends_are_both_tests_and_between_is_mixed() -> None:
    rng = np.random.default_rng(0)
    num = 400
    entry, same = rng.integers(0, 40, num), rng.random(num) < 0.5
    old, new = (rng.normal(size=num) + gap * same for gap in (1.0, 2.0))
    points = curve_of_pairs(old, new, entry, same, entry, fars=(0.05,), seed=2)
    order = stream(2, "backfill").permutation(40)
    for point in points:
        is_new = np.isin(entry, order[: point.num_new])
        (expected,) = tars(np.where(is_new, new, old), same, (0.05,), "far_at_most")
        assert point.rate("tar@far=0.05").value == pytest.approx(expected.tar, abs=1e-12)
    with pytest.raises(ProtocolError, match="both kinds"):
        curve_of_pairs(old[same], new[same], entry[same], same[same], entry[same])
