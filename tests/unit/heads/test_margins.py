"""Margins against the formulas in numpy float64."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from frlib.core.errors import ConfigError
from frlib.heads.margins import adaptive, arc, combined, cos, elastic, exp, magnitude, sphere
from frlib.heads.margins import none as no_margin
from frlib.heads.slots import Fallback, Margin, MarginGrad
from frlib.testing.workers import ThreadGroup, together
from tests.unit.heads.stand_ins import batch, numbers

COS = np.linspace(-0.999, 0.999, 41)
M = 0.5


def _phi(c: NDArray[np.float64], margin: float = M) -> NDArray[np.float64]:
    return np.cos(np.arccos(c) + margin)


def _target(config: Margin, c: NDArray[np.float64]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = config.apply(torch.tensor(c), None).target.numpy()
    return values


def _slope(config: Margin, c: NDArray[np.float64]) -> NDArray[np.float64]:
    x = torch.tensor(c, requires_grad=True)
    config.apply(x, None).target.sum().backward()
    assert x.grad is not None
    values: NDArray[np.float64] = x.grad.numpy()
    return values


@pytest.mark.parametrize(
    ("fallback", "wanted"),
    [
        ("none", _phi(COS)),
        ("hard", np.where(-np.cos(M) < COS, _phi(COS), COS - M * np.sin(M))),
        ("easy", np.where(COS > 0, _phi(COS), COS)),
        ("add", np.where(-np.cos(M) < COS, _phi(COS), COS)),
    ],
)
def test_arc_when_fallback_is_chosen_then_formula(
    fallback: Fallback, wanted: NDArray[np.float64]
) -> None:
    found = _target(arc.Config(margin=M, fallback=fallback), COS)
    np.testing.assert_allclose(found, wanted, atol=1e-14)


def test_arc_when_add_has_a_margin_then_subtracted_past_the_end() -> None:
    config = arc.Config(margin=M, fallback="add", fallback_margin=0.1)
    np.testing.assert_allclose(_target(config, np.array([-0.95])), [-1.05])


def test_arc_when_hard_then_falls_with_the_angle_everywhere() -> None:
    assert (np.diff(_target(arc.Config(margin=M), np.linspace(-1, 1, 10_001))) > 0).all()


def test_arc_when_literal_then_raw_and_target_agree_and_turn_upwards() -> None:
    found = arc.Config(margin=M, fallback="none").apply(torch.tensor([-1.0, -np.cos(M)]), None)
    assert torch.equal(found.raw, found.target)
    assert found.target[0] > found.target[1]


def test_arc_when_exact_then_slope_is_sine_ratio_else_one() -> None:
    theta = np.arccos(COS)
    exact = _slope(arc.Config(margin=M, fallback="none"), COS)
    np.testing.assert_allclose(exact, np.sin(theta + M) / np.sin(theta), rtol=1e-9)
    detached = _slope(arc.Config(margin=M, fallback="none", margin_grad="detached"), COS)
    np.testing.assert_array_equal(detached, np.ones_like(COS))


@pytest.mark.parametrize("grad", ["exact", "detached"])
def test_arc_when_gradient_mode_changes_then_values_do_not(grad: MarginGrad) -> None:
    found = _target(arc.Config(margin=M, fallback="none", margin_grad=grad), COS)
    np.testing.assert_allclose(found, _phi(COS), atol=1e-14)


@pytest.mark.parametrize(
    "config",
    [arc.Config(fallback=f) for f in ("hard", "none", "easy", "add")]
    + [combined.Config(angle_factor=0.9), combined.Config(fallback="hard")]
    + [exp.Config(), sphere.Config()],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_margin_when_at_or_past_one_then_value_and_slope_are_finite(
    config: Margin, dtype: type
) -> None:
    c: NDArray[np.float64] = np.array(
        [1, -1, 1 + 1e-7, -1 - 1e-7, np.nextafter(1, 0), np.nextafter(-1, 0)], dtype=dtype
    )
    assert np.isfinite(_target(config, c)).all()
    assert np.isfinite(_slope(config, c)).all()


@pytest.mark.parametrize(
    "m", [(1.0, 0.5, 0.0), (1.0, 0.3, 0.2), (0.9, 0.4, 0.15), (1.35, 0.0, 0.1)]
)
def test_combined_when_evaluated_then_formula_and_slope(m: tuple[float, float, float]) -> None:
    config = combined.Config(angle_factor=m[0], margin=m[1], cos_margin=m[2])
    theta = np.arccos(COS)
    np.testing.assert_allclose(_target(config, COS), np.cos(m[0] * theta + m[1]) - m[2], atol=1e-13)
    np.testing.assert_allclose(
        _slope(config, COS), m[0] * np.sin(m[0] * theta + m[1]) / np.sin(theta), rtol=1e-9
    )


def test_combined_when_hard_without_cosine_margin_then_arc() -> None:
    found = _target(combined.Config(margin=M, fallback="hard"), COS)
    np.testing.assert_array_equal(found, _target(arc.Config(margin=M), COS))


def test_combined_when_fallback_is_undefined_for_the_factor_then_says_so() -> None:
    with pytest.raises(ConfigError, match="angle_factor=2"):
        combined.Config.parse({"angle_factor": 2.0, "fallback": "hard"})


def test_arc_when_fallback_margin_cannot_act_then_says_so() -> None:
    with pytest.raises(ConfigError, match="fallback='add'"):
        arc.Config.parse({"fallback_margin": 0.1})


def test_cos_and_none_when_evaluated_then_shifted_and_unchanged() -> None:
    np.testing.assert_allclose(_target(cos.Config(margin=0.35), COS), COS - 0.35)
    np.testing.assert_array_equal(_target(no_margin.Config(), COS), COS)


def test_cos_when_easy_then_no_margin_up_to_its_size() -> None:
    found = _target(cos.Config(margin=0.3, easy=True), np.array([-0.5, 0.3, 0.31, 0.9]))
    np.testing.assert_allclose(found, [-0.5, 0.3, 0.01, 0.6])


def test_exp_when_evaluated_then_formula_with_slope_one_and_fixed_ends() -> None:
    config = exp.Config(margin=0.7)
    wanted = np.cos(np.pi * (np.arccos(COS) / np.pi) ** 0.7)
    np.testing.assert_allclose(_target(config, COS), wanted, atol=1e-14)
    np.testing.assert_array_equal(_slope(config, COS), np.ones_like(COS))
    np.testing.assert_allclose(_target(config, np.array([1.0, -1.0])), [1, -1], atol=1e-15)
    np.testing.assert_allclose(_target(exp.Config(margin=1.0), COS), COS, atol=1e-14)


def test_sphere_when_evaluated_then_goes_on_falling_past_pi() -> None:
    theta = np.arccos(COS)
    k = np.floor(1.7 * theta / np.pi)
    wanted = (-1) ** k * np.cos(1.7 * theta) - 2 * k
    np.testing.assert_allclose(_target(sphere.Config(margin=1.7), COS), wanted, atol=1e-13)
    np.testing.assert_array_equal(_slope(sphere.Config(), COS), np.ones_like(COS))
    wide = _target(sphere.Config(margin=3.0), np.linspace(-1, 1, 10_001))
    assert (np.diff(wide) > -1e-12).all()


def _amounts(config: Margin, norms: list[float]) -> torch.Tensor:
    norms_B = torch.tensor(norms, dtype=torch.float64)
    seen = batch([0] * len(norms), 5, norms_B=norms_B)
    found = config.amounts(seen, norms_B * 0, seen.given_B, numbers(config))
    assert found is not None
    return found


def test_magnitude_when_length_grows_then_margin_grows_between_its_ends() -> None:
    found = _amounts(magnitude.Config(), [5.0, 10.0, 60.0, 110.0, 300.0])
    assert found.tolist() == pytest.approx([0.45, 0.45, 0.625, 0.8, 0.8])


def test_adaptive_when_length_is_average_then_margin_is_subtracted_only() -> None:
    config = adaptive.Config(edge=0.0)
    assert _amounts(config, [20.0]).tolist() == pytest.approx([0.0])
    found = config.apply(torch.tensor(COS), torch.zeros(()).double()).target
    np.testing.assert_allclose(found, COS - 0.4, atol=1e-14)


def test_adaptive_when_observed_then_averages_move_and_a_batch_of_one_spares_the_spread() -> None:
    config = adaptive.Config(ema_rate=0.5)
    state = numbers(config)
    one = batch([0], 5, norms_B=torch.tensor([40.0], dtype=torch.float64))
    config.observe(one, state)
    assert (state.mean.item(), state.std.item()) == (30.0, 100.0)
    two = batch([0, 1], 5, norms_B=torch.tensor([30.0, 50.0], dtype=torch.float64))
    config.observe(two, state)
    assert state.mean.item() == pytest.approx(35)
    assert state.std.item() == pytest.approx(50 + np.std([30, 50], ddof=1) / 2)


def test_adaptive_when_workers_share_the_batch_then_averages_are_those_of_the_whole() -> None:
    config = adaptive.Config(ema_rate=0.5)
    norms_B = torch.tensor([30.0, 50.0, 10.0, 20.0], dtype=torch.float64)

    def work(group: ThreadGroup) -> list[float]:
        state = numbers(config)
        mine = norms_B[2 * group.rank :][:2]
        config.observe(batch([0, 1], 5, norms_B=mine, data=group), state)
        return [state.mean.item(), state.std.item()]

    wanted = [(20 + norms_B.mean().item()) / 2, (100 + norms_B.std().item()) / 2]
    assert together(2, work) == [pytest.approx(wanted)] * 2


def _drawn(
    config: elastic.Config, own: list[float], step: int = 0, **changes: object
) -> list[float]:
    own_B = torch.tensor(own, dtype=torch.float64)
    seen = batch([0] * len(own), 5, step=step, **changes)
    return config.amounts(seen, own_B, seen.given_B, None).tolist()


def test_elastic_when_drawn_then_by_step_alone_with_the_stated_spread() -> None:
    config = elastic.Config(margin=0.5, std=0.05)
    own = [0.0] * 4000
    assert _drawn(config, own) == _drawn(config, own) != _drawn(config, own, step=1)
    assert np.mean(_drawn(config, own)) == pytest.approx(0.5, abs=0.003)
    assert np.std(_drawn(config, own)) == pytest.approx(0.05, rel=0.05)


def test_elastic_when_plus_then_larger_cosines_have_smaller_margins() -> None:
    own = [0.3, 0.9, -0.5, 0.1, 0.6]
    plain, plus = (_drawn(elastic.Config(plus=p), own) for p in (False, True))
    assert sorted(plain) == sorted(plus)
    assert np.argsort(own)[::-1].tolist() == np.argsort(plus).tolist()


@pytest.mark.parametrize("plus", [False, True])
def test_elastic_when_workers_share_the_batch_then_each_sample_has_the_same_margin(
    plus: bool,
) -> None:
    config = elastic.Config(plus=plus)
    own = [0.3, 0.9, -0.5, 0.1, 0.6, 0.2]

    def work(group: ThreadGroup) -> list[float]:
        return _drawn(config, own[3 * group.rank :][:3], data=group)

    first, second = together(2, work)
    assert first + second == _drawn(config, own)
