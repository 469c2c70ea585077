import importlib.util

import numpy as np
import pytest

from frlib.core.errors import ConfigError
from frlib.denoise import confident_learning
from frlib.denoise.confident_learning import Config, decide, label
from tests.unit.denoise.worlds import SCALE, embedded, evidence, planted

GIVEN = [0, 0, 0, 0, 1, 1, 1, 1, 1]
SHOWN = [0, 0, 0, 1, 1, 1, 1, 1, 0]
"""Of classes 0 and 1 of four; samples 3 and 8 show the other one."""


def world(given=GIVEN, shown=SHOWN, classes=(0, 2), num_classes=4):
    """Labels 0, 1 stand for two of the classes; the others have no samples."""
    weight = np.eye(4)[:num_classes]
    place = np.array(classes)
    emb = weight[place[shown]] * 3 + 0.1
    return evidence(place[given], num_classes, embedded=embedded(emb, weight))


@pytest.mark.parametrize("by", ["prune_by_noise_rate", "both", "confident_learning"])
@pytest.mark.parametrize("classes", [(0, 1), (0, 2), (1, 3)])
def test_decide_when_two_samples_show_the_other_class_then_both_are_named(by, classes):
    found = decide(world(classes=classes), Config(filter_by=by))
    assert np.flatnonzero(found.is_flagged).tolist() == [3, 8]
    assert found.proposed[[3, 8]].tolist() == [classes[1], classes[0]]
    assert found.facts["in_sample"] is True and found.facts["scale"] == 8.0


def test_suspicion_when_compared_with_a_softmax_over_the_classes_with_samples_then_equal():
    seen = planted()
    vectors, present = seen.vectors, np.unique(seen.given)
    emb = vectors.embeddings.astype(np.float64)
    weight = vectors.weight.astype(np.float64).reshape(seen.num_classes, vectors.loss_k, -1)
    weight /= np.linalg.norm(weight, axis=2, keepdims=True)
    cos = np.einsum("nd,ckd->nck", emb / np.linalg.norm(emb, axis=1, keepdims=True), weight)
    exp = np.exp(SCALE * cos.max(2))
    own = exp[np.arange(len(seen)), seen.given] / exp[:, present].sum(1)
    assert len(present) < seen.num_classes
    assert decide(seen, Config()).suspicion == pytest.approx(1 - own, abs=1e-6)


def test_decide_when_read_in_small_blocks_then_equal(monkeypatch):
    seen = planted(seed=2)
    whole = decide(seen, Config())
    monkeypatch.setattr(confident_learning, "BLOCK_NUMBERS", 300)
    found = decide(seen, Config())
    np.testing.assert_array_equal(found.is_flagged, whole.is_flagged)
    np.testing.assert_allclose(found.suspicion, whole.suspicion, atol=1e-6)


def test_decide_when_all_are_of_one_class_then_nothing_is_named():
    found = decide(world(given=[0] * 9), Config())
    assert not found.is_flagged.any() and not found.suspicion.any()


def test_decide_when_the_table_is_too_large_then_says_what_to_do(monkeypatch):
    monkeypatch.setattr(confident_learning, "MOST_NUMBERS", 17)
    with pytest.raises(ConfigError, match=r"9 samples of 2 classes make 18 .* Take a part"):
        decide(world(), Config())
    monkeypatch.setattr(confident_learning, "MOST_NUMBERS", 18)
    assert decide(world(), Config()).is_flagged.any()


def test_decide_when_the_package_is_missing_then_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'frlib\[denoise\]'"):
        decide(world(), Config())


def test_label_when_another_filter_then_named():
    assert label(Config()) == "Confident learning"
    assert label(Config(filter_by="prune_by_class")) == "Confident learning (prune by class)"


def test_decide_when_cleanlab_warns_of_classes_then_the_facts_count_them():
    given, shown = [0, 1, 1, 1, 0, 0, 2], [0, 1, 1, 1, 0, 0, 2]
    found = decide(world(given, shown, classes=(0, 1, 3)), Config())
    assert found.facts["warnings"] == 1
    assert decide(world(), Config()).facts["warnings"] == 0
