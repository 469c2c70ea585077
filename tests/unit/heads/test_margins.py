"""Margins against the formulas in numpy float64."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from frlib.core.errors import ConfigError
from frlib.heads._angle import Fallback, MarginGrad
from frlib.heads.margins import arc, combined, cos
from frlib.heads.margins import none as no_margin

COS = np.linspace(-0.999, 0.999, 41)
M = 0.5


def _phi(c: NDArray[np.float64], margin: float = M) -> NDArray[np.float64]:
    return np.cos(np.arccos(c) + margin)


def _target(config: object, c: NDArray[np.float64]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = config.build()(torch.tensor(c)).target.numpy()  # type: ignore[attr-defined]
    return values


def _slope(config: object, c: NDArray[np.float64]) -> NDArray[np.float64]:
    x = torch.tensor(c, requires_grad=True)
    config.build()(x).target.sum().backward()  # type: ignore[attr-defined]
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
    found = arc.Config(margin=M, fallback="none").build()(torch.tensor([-1.0, -np.cos(M)]))
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
    + [combined.Config(angle_factor=0.9), combined.Config(fallback="hard")],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_margin_when_at_or_past_one_then_value_and_slope_are_finite(
    config: object, dtype: type
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
