import math

import numpy as np
import pytest

from frlib.core.errors import NumericsError
from frlib.denoise.loss_quantile import Config, decide
from tests.unit.denoise.worlds import answers, evidence


def world(losses, given, rivals=None):
    """Two to four classes; the given one is answered with probability exp(-loss)."""
    rivals = [(y + 1) % 4 for y in given] if rivals is None else rivals
    logits = np.full((len(given), 4), -1000.0)
    for i, (loss, y, j) in enumerate(zip(losses, given, rivals, strict=True)):
        logits[i, y], logits[i, j] = -loss, math.log(-math.expm1(-loss))
    return evidence(given, 4, answers=answers(logits, given))


LOSSES, GIVEN = [0.1, 3.0, 0.2, 2.0, 0.3, 0.4, 0.5, 0.6, 0.7, 1.0], [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("settings", "flagged"),
    [
        ({}, [1, 3]),
        ({"share": 0.3}, [1, 3, 9]),
        ({"share": 0.39}, [1, 3, 9]),
        ({"share": 0.05}, []),
        ({"share": 1.0}, list(range(10))),
        ({"share": 0.25, "per_class": True}, [1, 9]),
        ({"share": 0.2, "per_class": True}, [9]),
        ({"share": 0.5, "per_class": True}, [1, 3, 7, 8, 9]),
    ],
)
def test_decide_when_by_hand_then_the_highest_losses(settings, flagged):
    found = decide(world(LOSSES, GIVEN), Config(**settings))
    assert np.flatnonzero(found.is_flagged).tolist() == flagged
    assert (found.proposed == -1).all()
    least = found.facts["lowest_loss_flagged"]
    assert least == (pytest.approx(min(LOSSES[i] for i in flagged)) if flagged else None)


def test_decide_when_asked_then_proposes_the_nearest_other_class():
    found = decide(world(LOSSES, GIVEN, [3, 2, 3, 3] + [0] * 6), Config(propose=True))
    assert found.proposed.tolist() == [-1, 2, -1, 3, -1, -1, -1, -1, -1, -1]


def test_decide_when_losses_tie_then_the_earlier_sample_and_equal_suspicion():
    found = decide(world([1.0] * 5, [0] * 5), Config(share=0.4))
    assert found.is_flagged.tolist() == [True, True, False, False, False]
    assert found.suspicion == pytest.approx([0.5**1.5] * 5)


def test_suspicion_when_defined_then_a_power_of_the_mid_rank():
    found = decide(world(LOSSES, GIVEN), Config(share=0.25))
    ranks = (np.argsort(np.argsort(LOSSES)) + 0.5) / 10
    assert found.suspicion == pytest.approx(ranks**3)
    inside = decide(world(LOSSES, GIVEN), Config(share=0.25, per_class=True))
    own = np.array([0, 3, 1, 2]) + 0.5, np.arange(6) + 0.5
    assert inside.suspicion == pytest.approx(np.concatenate([own[0] / 4, own[1] / 6]) ** 3)


def test_decide_when_the_share_times_the_count_rounds_down_then_as_many_as_meant():
    count = 100
    assert math.floor(0.29 * count) == 28
    found = decide(world(np.arange(1, count + 1) / 10, [0] * count), Config(share=0.29))
    assert found.is_flagged.sum() == 29


def test_decide_when_a_loss_is_not_finite_then_says_so():
    seen = world([0.1, 0.2], [0, 1])
    seen.answered.label_logit[1] = -np.inf
    with pytest.raises(NumericsError, match=r"'s1' is inf \(1 not finite\)"):
        decide(seen, Config())
