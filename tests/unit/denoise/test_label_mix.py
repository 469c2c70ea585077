import math

import numpy as np
import pytest

from frlib.core.errors import NumericsError
from frlib.denoise.label_mix import Config, decide
from tests.unit.denoise.worlds import answers, evidence


def test_decide_when_by_hand_then_the_largest_logit_is_the_proposal():
    logits = [[4.0, 1, 0], [1.0, 4, 0], [2.0, 0, 2], [0.0, 1, 3]]
    found = decide(evidence([0] * 4, 3, answers=answers(logits, [0] * 4)), Config())
    assert found.is_flagged.tolist() == [False, True, False, True]
    assert found.proposed.tolist() == [-1, 1, -1, 2]
    label_prob = [math.exp(z[0]) / sum(map(math.exp, z)) for z in logits]
    assert found.suspicion == pytest.approx(1 - np.array(label_prob))
    assert (found.suspicion[found.is_flagged] > 0.5).all()


def test_decide_when_only_the_margin_puts_the_rival_ahead_then_flagged_and_counted():
    cos = np.array([[0.6, 0.5], [0.4, 0.5], [0.9, 0.1], [0.2, 0.5]])
    logits = 10 * (cos - np.array([0.2, 0]))
    seen = evidence([0] * 4, 2, answers=answers(logits, [0] * 4, margin=0.2, scale=10.0))
    found = decide(seen, Config())
    assert found.is_flagged.tolist() == [True, True, False, True]
    assert found.facts == {"by_the_margin_alone": 1}


def test_decide_when_the_rounded_sum_lies_below_the_label_then_no_negative_suspicion():
    seen = evidence([0], 2, answers=answers([[64.0, 0]], [0]))
    seen.answered.log_sum_exp[0] = 63.9999
    assert decide(seen, Config()).suspicion.tolist() == [0]


def test_decide_when_a_logit_is_nan_then_says_so():
    seen = evidence([0, 0], 2, answers=answers([[1.0, 0], [0, 1]], [0, 0]))
    seen.answered.label_logit[1] = np.nan
    with pytest.raises(NumericsError, match="'s1'"):
        decide(seen, Config())
