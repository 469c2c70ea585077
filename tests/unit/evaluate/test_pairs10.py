"""What is measured on the held-out people: all together, every group, and the worst of them."""

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from frlib.data.pairs import Pairs
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.decoded import Decoded
from frlib.evaluate import pairs10
from frlib.metrics import roc, verification

PER_GROUP, FOLDS, DIM = 40, 4, 8
VIEW = pairs10.View(nn.Identity(), torch.device("cpu"), nullcontext)
NOISE = {"easy": 0.3, "hard": 2.0, "middle": 0.9}
"""Group -> how far two pictures of a person lie apart."""


def _pairs(**changes: Any) -> Pairs:
    """Pair p is of rows 2 p and 2 p + 1."""
    count = PER_GROUP * len(NOISE)
    number = np.arange(count)
    given: dict[str, Any] = {
        "left": 2 * number,
        "right": 2 * number + 1,
        "same": number % 2 == 0,
        "fold": number // 2 % FOLDS,
        "group": number // PER_GROUP,
        "groups": tuple(NOISE),
    }
    return Pairs(**(given | changes))


@pytest.fixture
def emb(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """What the network makes of the rows."""
    rng = np.random.default_rng(0)
    pairs = _pairs()
    rows = rng.standard_normal((2 * len(pairs), DIM))
    for pair in np.flatnonzero(pairs.same):
        noise = list(NOISE.values())[pairs.group[pair]]
        rows[2 * pair + 1] = rows[2 * pair] + noise * rng.standard_normal(DIM)
    found = rows.astype(np.float32)
    monkeypatch.setattr(pairs10, "embed", lambda *_, **__: found)
    return found


def _pixels() -> Pixels:
    count = 2 * len(_pairs())
    images = np.zeros((count, 4, 4, 3), np.uint8)
    return Pixels(4, (Decoded(images),), np.zeros(count, np.int16), np.arange(count))


def test_selection_when_there_are_no_groups_then_three_numbers_over_all_pairs(emb) -> None:
    pairs = _pairs(group=np.zeros(0, dtype=np.int64), groups=())
    found = pairs10.selection(VIEW, _pixels(), pairs)
    whole = verification.VARIANTS["insightface10"](
        emb, None, pairs.left, pairs.right, pairs.same, pairs.fold
    )
    assert found == {
        "selection/accuracy": whole.accuracy,
        "selection/auc": roc.auc(whole.score_P, pairs.same),
        "selection/eer": roc.eer(whole.score_P, pairs.same),
    }


def test_selection_when_there_are_groups_then_each_as_if_alone_and_the_lowest(emb) -> None:
    pairs = _pairs()
    found = pairs10.selection(VIEW, _pixels(), pairs)
    alone = {}
    for number, name in enumerate(NOISE):
        own = slice(PER_GROUP * number, PER_GROUP * (number + 1))
        one = verification.VARIANTS["insightface10"](
            emb, None, pairs.left[own], pairs.right[own], pairs.same[own], pairs.fold[own]
        )
        alone[f"selection/{name}/accuracy"] = one.accuracy
        alone[f"selection/{name}/auc"] = roc.auc(one.score_P, pairs.same[own])
    assert {name: value for name, value in found.items() if name.count("/") == 2} == alone
    assert found["selection/worst_auc"] == alone["selection/hard/auc"]
    assert found["selection/worst_accuracy"] == alone["selection/hard/accuracy"]
    assert found["selection/worst_auc"] < found["selection/auc"] < alone["selection/easy/auc"]


def test_selection_when_groups_are_named_then_the_numbers_over_all_pairs_stay(emb) -> None:
    plain = pairs10.selection(VIEW, _pixels(), _pairs(group=np.zeros(0, dtype=np.int64), groups=()))
    grouped = pairs10.selection(VIEW, _pixels(), _pairs())
    assert grouped.items() > plain.items()


def _crossed(old: np.ndarray) -> pairs10.Crossed:
    return pairs10.Crossed(lambda new: new, old, old, old, old)


def test_benchmark_when_old_features_have_one_view_then_only_tests_across_models_do_without(
    emb,
) -> None:
    crossed = pairs10.Crossed(lambda new: new, emb, None, emb, None)
    found = pairs10.benchmark(VIEW, "faces", _pixels(), _pairs(), ["insightface10"], crossed)
    protocols = {outcome.test: outcome.protocol for outcome in found}
    assert not protocols.pop("").endswith("-single")
    assert len(protocols) == 3 and all(name.endswith("-single") for name in protocols.values())


def test_selection_when_the_old_model_is_the_same_then_the_cross_test_is_the_own_one(emb) -> None:
    found = pairs10.selection(VIEW, _pixels(), _pairs(), _crossed(emb))
    for name in ("auc", "accuracy"):
        assert found[f"selection/cross_{name}"] == found[f"selection/{name}"]
        assert found[f"selection/compatible_{name}"] == found[f"selection/{name}"]


def test_selection_when_the_old_space_is_turned_then_only_the_cross_test_falls(emb) -> None:
    turned = np.roll(emb, 1, axis=1)
    found = pairs10.selection(VIEW, _pixels(), _pairs(), _crossed(turned))
    assert found["selection/auc"] == pairs10.selection(VIEW, _pixels(), _pairs())["selection/auc"]
    assert abs(found["selection/cross_auc"] - 0.5) < 0.15 < found["selection/auc"] - 0.5
    mean = (found["selection/auc"] + found["selection/cross_auc"]) / 2
    assert found["selection/compatible_auc"] == mean


def test_benchmark_when_there_is_an_old_model_then_each_end_is_embedded_by_the_one_it_says(
    emb,
) -> None:
    pairs, old = _pairs(), np.random.default_rng(1).standard_normal(emb.shape).astype(np.float32)
    found = {
        outcome.test: outcome
        for outcome in pairs10.benchmark(
            VIEW, "faces", _pixels(), pairs, ["insightface10"], _crossed(old)
        )
    }

    def unit(rows: np.ndarray) -> np.ndarray:
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    ends = {"": (emb, emb), "cross": (old, emb), "reverse": (emb, old), "old": (old, old)}
    assert found.keys() == ends.keys()
    for test, (enrolled, asking) in ends.items():
        cosines = (unit(enrolled)[pairs.left] * unit(asking)[pairs.right]).sum(1)
        sqdist = 2 - 2 * cosines
        score = found[test].score
        assert abs(np.corrcoef(score, sqdist)[0, 1]) > 1 - 1e-6, test
    assert set(found["cross"].metrics()) == {
        "faces/insightface10/cross_accuracy",
        "faces/insightface10/cross_std",
    }
    assert found["old"].name == "insightface10/old" and found[""].name == "insightface10"
