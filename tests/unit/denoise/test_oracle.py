import pytest

from frlib.core.errors import DataError
from frlib.data.manifest import OUTLIER, UNKNOWN
from frlib.denoise.oracle import Config, decide, label
from tests.unit.denoise.worlds import evidence

GIVEN, TRUE = [0, 0, 1, 2, 2, 2], [0, 1, OUTLIER, 3, UNKNOWN, 2]
"""Right, a flip, nobody, somebody without a class (3 of three classes), unknown, right."""


def test_decide_when_the_truth_is_known_then_flags_what_is_wrong_and_nothing_else():
    found = decide(evidence(GIVEN, 3, TRUE), Config())
    assert found.is_flagged.tolist() == [False, True, True, True, False, False]
    assert found.proposed.tolist() == [-1, 1, -1, -1, -1, -1]
    assert found.suspicion.tolist() == [0, 1, 1, 1, 0, 0]
    assert found.facts == {"unknown": 1, "without_class": 2}


def test_decide_when_not_to_relabel_then_the_same_without_proposals():
    found = decide(evidence(GIVEN, 3, TRUE), Config(relabel=False))
    assert found.is_flagged.tolist() == [False, True, True, True, False, False]
    assert (found.proposed == -1).all()
    assert label(Config()) == "Oracle" and label(Config(relabel=False)) == "Oracle (drop)"


def test_decide_when_all_is_right_then_nothing():
    assert not decide(evidence([0, 1], 2), Config()).is_flagged.any()


def test_decide_when_no_truth_is_known_then_says_so():
    with pytest.raises(DataError, match="the true label of none of the 2 samples is known"):
        decide(evidence([0, 1], 2, [UNKNOWN, UNKNOWN]), Config())
