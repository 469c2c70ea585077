"""Similarities, in both forms, against numpy."""

import numpy as np
import pytest
import torch

from frlib.heads import _unit
from frlib.heads.fused import Fused
from frlib.heads.reference import Reference
from frlib.heads.shard import Shard
from frlib.heads.similarity import cosine, dot, subcenter
from frlib.heads.slots import Similarity

DRAW = np.random.default_rng(0)
EMB, WEIGHT = DRAW.normal(size=(5, 4)), DRAW.normal(size=(6, 4))

both_forms = pytest.mark.parametrize("form", [Reference, Fused])


def _unit_rows(x: np.ndarray) -> np.ndarray:
    rows: np.ndarray = x / np.linalg.norm(x, axis=1, keepdims=True)
    return rows


def _columns(
    form: type[Reference] | type[Fused],
    similarity: Similarity,
    emb: np.ndarray | torch.Tensor = EMB,
    weight: np.ndarray | torch.Tensor = WEIGHT,
) -> Reference | Fused:
    emb_BD, weight_RD = (torch.as_tensor(x, dtype=torch.float64) for x in (emb, weight))
    if similarity.normalised:
        emb_BD = _unit.directions(emb_BD)
    classes = len(weight_RD) // similarity.centres_per_class
    shard = Shard.of(classes)
    return form(emb_BD, weight_RD, similarity, shard, torch.arange(classes), True, torch.float64)


@both_forms
def test_cosine_when_computed_then_normalised_product(form: type[Fused]) -> None:
    found = _columns(form, cosine.Config()).cos_BC
    np.testing.assert_allclose(found, _unit_rows(EMB) @ _unit_rows(WEIGHT).T, atol=1e-14)


@both_forms
def test_cosine_when_a_row_is_zero_then_zero(form: type[Fused]) -> None:
    weight = torch.ones(2, 4)
    weight[1] = 0
    assert _columns(form, cosine.Config(), torch.zeros(1, 4), weight).cos_BC.tolist() == [[0, 0]]


def test_directions_when_a_row_is_zero_then_no_gradient() -> None:
    rows = torch.zeros(1, 3, requires_grad=True)
    _unit.directions(rows).sum().backward()
    assert rows.grad is not None and not rows.grad.any()


@both_forms
def test_dot_when_computed_then_plain_product(form: type[Fused]) -> None:
    np.testing.assert_allclose(_columns(form, dot.Config()).cos_BC, EMB @ WEIGHT.T, atol=1e-14)


@both_forms
def test_subcenter_when_computed_then_best_of_consecutive_rows(form: type[Fused]) -> None:
    every = (_unit_rows(EMB) @ _unit_rows(WEIGHT).T).reshape(5, 2, 3)
    found = _columns(form, subcenter.Config(loss_k=3))
    np.testing.assert_allclose(found.cos_BC, every.max(2), atol=1e-14)
    if isinstance(found, Fused):
        assert found.winner_BC is not None
        np.testing.assert_array_equal(found.winner_BC, every.argmax(2))


def test_subcenter_when_centres_are_equal_then_lowest_wins() -> None:
    found = _columns(Fused, subcenter.Config(loss_k=2), torch.eye(2)[:1], torch.ones(2, 2))
    assert isinstance(found, Fused) and found.winner_BC is not None
    assert found.winner_BC.item() == 0


@pytest.mark.parametrize(
    ("config", "rows"), [(cosine.Config(), 1), (subcenter.Config(loss_k=4), 4)]
)
def test_similarity_when_asked_then_says_rows_of_a_class(config: Similarity, rows: int) -> None:
    assert config.centres_per_class == rows
