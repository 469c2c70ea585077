"""Similarities against numpy."""

import numpy as np
import pytest
import torch

from frlib.heads.similarity import cosine, dot, subcenter

DRAW = np.random.default_rng(0)
EMB, WEIGHT = DRAW.normal(size=(5, 4)), DRAW.normal(size=(6, 4))


def _unit(x: np.ndarray) -> np.ndarray:
    rows: np.ndarray = x / np.linalg.norm(x, axis=1, keepdims=True)
    return rows


def test_cosine_when_computed_then_normalised_product() -> None:
    found = cosine.Config().build()(torch.tensor(EMB), torch.tensor(WEIGHT))
    np.testing.assert_allclose(found, _unit(EMB) @ _unit(WEIGHT).T, atol=1e-14)


def test_cosine_when_a_row_is_zero_then_zero() -> None:
    found = cosine.Config().build()(torch.zeros(1, 4), torch.ones(2, 4))
    assert found.tolist() == [[0.0, 0.0]]


def test_dot_when_computed_then_plain_product() -> None:
    found = dot.Config().build()(torch.tensor(EMB), torch.tensor(WEIGHT))
    np.testing.assert_allclose(found, EMB @ WEIGHT.T, atol=1e-14)


def test_subcenter_when_computed_then_best_of_consecutive_rows() -> None:
    every = (_unit(EMB) @ _unit(WEIGHT).T).reshape(5, 2, 3)
    cos_BC, winner_BC = subcenter.nearest(torch.tensor(EMB), torch.tensor(WEIGHT), 3)
    np.testing.assert_allclose(cos_BC, every.max(2), atol=1e-14)
    np.testing.assert_array_equal(winner_BC, every.argmax(2))
    built = subcenter.Config(loss_k=3).build()(torch.tensor(EMB), torch.tensor(WEIGHT))
    assert torch.equal(built, cos_BC)


def test_subcenter_when_centres_are_equal_then_lowest_takes_the_gradient() -> None:
    weight = torch.ones(2, 2, dtype=torch.float64, requires_grad=True)
    emb = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    cos_BC, winner_BC = subcenter.nearest(emb, weight, 2)
    (grad,) = torch.autograd.grad(cos_BC.sum(), weight)
    assert winner_BC.item() == 0
    assert grad[0].any() and not grad[1].any()


@pytest.mark.parametrize(
    ("config", "rows"), [(cosine.Config(), 1), (subcenter.Config(loss_k=4), 4)]
)
def test_similarity_when_asked_then_says_rows_of_a_class(
    config: cosine.Config | subcenter.Config, rows: int
) -> None:
    assert config.centres_per_class == rows
