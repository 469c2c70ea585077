import math

import numpy as np
import pytest

from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.denoise.low_confidence import THRESHOLD, Config, confidence, decide
from tests.unit.denoise.worlds import answers, embedded, evidence


def summary(logits, labels):
    """What a head hands over: log-sum-exp, label's logit and largest logit, a row at a time."""
    rows = [
        (math.log(sum(math.exp(z) for z in row)), row[y], max(row))
        for row, y in zip(logits, labels, strict=True)
    ]
    return tuple(np.array(rows).T)


@pytest.mark.parametrize("threshold", [0.0, THRESHOLD, 0.02, 0.5, 1.1])
def test_confidence_when_compared_with_a_softmax_by_hand_then_equal(threshold):
    draw = np.random.default_rng(0)
    logits = draw.normal(size=(40, 300)) * draw.uniform(0.01, 4, (40, 1))
    labels = draw.integers(300, size=40)
    found = confidence(*summary(logits, labels), threshold)
    for b, row in enumerate(logits):
        exp = [math.exp(z) for z in row]
        assert found.max_prob[b] == pytest.approx(max(exp) / sum(exp), rel=1e-12)
        assert found.label_prob[b] == pytest.approx(exp[labels[b]] / sum(exp), rel=1e-12)
        assert found.flag[b] == (max(exp) / sum(exp) < threshold)
    assert 0 < confidence(*summary(logits, labels)).flag.sum() < 40


def test_confidence_when_exactly_at_the_threshold_then_not_flagged():
    edge = float(np.exp(-1.0))
    assert not confidence([0.0], [-2.0], [-1.0], edge).flag[0]
    assert confidence([0.0], [-2.0], [-1.0], np.nextafter(edge, 1)).flag[0]


def test_confidence_when_few_classes_then_the_default_flags_nothing():
    for classes, flagged in ((142, False), (143, True)):
        flat = math.log(classes)
        assert confidence([flat], [0.0], [0.0]).flag[0] == flagged


def test_confidence_when_the_largest_rounds_above_the_sum_then_one():
    found = confidence(np.array([63.99999], np.float32), [64.0], [64.0], 1.0)
    assert found.max_prob.tolist() == [1] and found.label_prob.tolist() == [1]
    assert not found.flag[0]


def test_confidence_when_the_label_is_far_below_then_zero_without_warning():
    found = confidence([64.0], [-2000.0], [64.0])
    assert found.label_prob.tolist() == [0] and found.max_prob.tolist() == [1]


def test_confidence_when_the_batch_is_empty_then_empty():
    assert confidence([], [], []).flag.shape == (0,)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (([1.0], [0.0], [0.0, 0.0]), DataError, "expected one number an image"),
        ((1.0, 0.0, 0.0), DataError, "expected one number an image"),
        (([1.0, 1.0], [0.0, math.nan], [0.0, 0.0]), NumericsError, "image 1 of the batch"),
        (([math.inf], [0.0], [0.0]), NumericsError, "image 0 of the batch"),
        (([1.0], [0.5], [0.0]), DataError, "label logit 0.5, largest 0, log-sum-exp 1"),
        (([1.0], [0.0], [2.0]), DataError, "expected them in this order"),
    ],
)
def test_confidence_when_inputs_do_not_fit_then_says_so(given, error, message):
    with pytest.raises(error, match=message):
        confidence(*given)


FLAT, SURE, ELSEWHERE = [0.0, 0, 0, 0], [5.0, 0, 0, 0], [0.0, 9, 0, 0]


def test_decide_when_by_hand_then_flags_what_is_sure_of_nobody_and_proposes_nothing():
    seen = evidence([0, 0, 0], 4, answers=answers([FLAT, SURE, ELSEWHERE], [0, 0, 0]))
    found = decide(seen, Config(threshold=0.3))
    assert found.is_flagged.tolist() == [True, False, False]
    assert found.proposed.tolist() == [-1, -1, -1]
    sure, elsewhere = (1 / (1 + 3 * math.exp(-top)) for top in (5, 9))
    assert found.suspicion == pytest.approx([0.75, 1 - sure, 1 - elsewhere])
    assert found.facts == {"threshold": 0.3, "classes": 4}


def test_decide_when_embeddings_are_there_then_the_scale_is_quoted():
    seen = evidence(
        [0, 1],
        4,
        answers=answers([FLAT, SURE], [0, 1]),
        embedded=embedded(np.ones((2, 3)), np.ones((4, 3)), scale=32.0),
    )
    assert decide(seen, Config(threshold=0.3)).facts["scale"] == 32.0


@pytest.mark.parametrize(("threshold", "warned"), [(0.25, True), (0.007, True), (0.26, False)])
def test_decide_when_the_threshold_flags_nothing_then_warned(threshold, warned):
    seen = evidence([0], 4, answers=answers([FLAT], [0]))
    found = decide(seen, Config(threshold=threshold))
    assert ("warning" in found.facts) == warned
    assert found.is_flagged.tolist() == [not warned]


def test_decide_when_a_logit_is_nan_then_says_so():
    with pytest.raises(NumericsError, match="image 1"):
        decide(evidence([0, 0], 2, answers=answers([[1, 0], [math.nan, 0]], [0, 0])), Config())
    with pytest.raises(ConfigError, match="no answers"):
        decide(evidence([0], 2), Config())
