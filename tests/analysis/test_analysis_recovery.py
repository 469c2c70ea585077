import numpy as np
import pytest
from scipy import stats

from analysis import answers
from analysis.recovery import recovery
from analysis.table import Cell, missing


def test_recovery_when_computed_by_hand_then_it_agrees() -> None:
    cell = recovery(
        {0: 0.850, 1: 0.857, 2: 0.855},
        {0: 0.830, 1: 0.836, 2: 0.836},
        {0: 0.870, 1: 0.874, 2: 0.878},
        "ArcFace",
    )
    ratios = np.array([20 / 40, 21 / 38, 19 / 42])
    half = stats.t.ppf(0.975, 2) * ratios.std(ddof=1) / np.sqrt(3)
    assert cell.value == pytest.approx(ratios.mean(), abs=1e-12)
    assert cell.half_width == pytest.approx(half, abs=1e-12)
    assert cell.n == 3


def test_recovery_when_the_noise_is_not_shown_to_cost_anything_then_it_is_missing() -> None:
    cell = recovery({0: 0.9, 1: 0.9}, {0: 0.8, 1: 0.88}, {0: 0.9, 1: 0.89}, "ArcFace")
    assert cell.value is None
    assert "not shown to cost ArcFace anything: 5.50 ± 57.18 points" in cell.note


def test_recovery_when_one_seed_loses_nothing_then_it_is_missing() -> None:
    costs = {0: 0.0, **{seed: 0.1 for seed in range(1, 12)}}
    flat = {seed: 0.5 for seed in costs}
    clean = {seed: 0.5 + cost for seed, cost in costs.items()}
    cell = recovery(flat, flat, clean, "ArcFace")
    assert "nothing at seed 0" in cell.note


def test_recovery_when_there_is_one_reference_seed_then_it_is_missing() -> None:
    assert "one seed cannot show" in recovery({0: 0.9}, {0: 0.8}, {0: 0.95}, "ArcFace").note


def test_recovery_when_the_method_has_fewer_seeds_then_the_shared_ones_are_used() -> None:
    reference = {0: 0.80, 1: 0.81, 2: 0.79}
    clean = {0: 0.90, 1: 0.91, 2: 0.89}
    cell = recovery({1: 0.86, 7: 0.1}, reference, clean, "ArcFace")
    assert cell.value == pytest.approx(0.5)
    assert (cell.n, cell.half_width) == (1, None)


def test_recovery_when_seeds_do_not_overlap_then_it_is_missing() -> None:
    assert recovery({5: 0.9}, {0: 0.8}, {0: 0.95}, "ArcFace").note.startswith("no seed is complete")


def published(value: float) -> Cell:
    return Cell(value, origin="published", note="README", digits=2)


def test_published_recovery_when_computed_by_hand_then_it_agrees() -> None:
    cell = answers.recovery(published(0.9925), published(0.9910), published(0.9928), "ArcFace")
    assert cell.value == pytest.approx(15 / 18)
    assert "0.18 points" in cell.note


def test_published_recovery_when_the_noise_costs_nothing_then_it_is_missing() -> None:
    cell = answers.recovery(published(0.99), published(0.992), published(0.992), "ArcFace")
    assert cell.value is None
    assert "nothing" in cell.note


def test_published_recovery_when_a_value_is_missing_then_its_reason_is_kept() -> None:
    cell = answers.recovery(missing("not published"), published(0.9), published(0.95), "ArcFace")
    assert cell.note == "not published"
