import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data import manifest
from frlib.metrics import correction

#              clean clean flip flip flip open open unknown
TRUE = np.array([0, 1, 2, 2, 0, -1, -1, -2])
GIVEN = np.array([0, 1, 0, 1, 1, 0, 1, 1])


def test_score_when_mixed_then_every_rate_is_as_counted_by_hand():
    found = correction.score_decisions([1, 2, 3, 5, 7], [0, 2, 0, -1, 2], TRUE, GIVEN)
    assert found.precision == 3 / 4
    assert found.recall == 2 / 3
    assert found.open_recall == 1 / 2
    assert found.relabel_accuracy == 1 / 2
    assert (found.num_flagged, found.num_flagged_wrong, found.num_flagged_unknown) == (5, 3, 1)
    assert (found.num_closed, found.num_open, found.num_relabelled) == (3, 2, 2)


def test_score_when_a_flip_is_flagged_without_proposal_then_not_counted_as_relabelled():
    found = correction.score_decisions([2, 3], [-1, 2], TRUE, GIVEN)
    assert (found.num_flagged_closed, found.num_relabelled, found.relabel_accuracy) == (2, 1, 1.0)


def test_score_when_nothing_is_flagged_then_nan_with_counts():
    found = correction.score_decisions([], [], TRUE, GIVEN)
    assert np.isnan(found.precision) and np.isnan(found.relabel_accuracy)
    assert (found.recall, found.num_closed, found.num_flagged) == (0.0, 3, 0)


def test_score_when_data_is_clean_then_recall_is_nan_and_precision_zero():
    found = correction.score_decisions([0], [1], [0, 1], [0, 1])
    assert found.precision == 0.0
    assert np.isnan(found.recall) and np.isnan(found.open_recall)


@pytest.mark.parametrize(
    ("flagged", "proposed", "message"),
    [
        ([8], [0], "position 8 of 8"),
        ([-1], [0], "position -1 of 8"),
        ([1, 1], [0, 2], "flagged twice"),
        ([1, 2], [0], "2 flagged samples and 1 proposals"),
        ([1.5], [0], "whole numbers"),
    ],
)
def test_score_when_decisions_do_not_fit_then_data_error(flagged, proposed, message):
    with pytest.raises(DataError, match=message):
        correction.score_decisions(flagged, proposed, TRUE, GIVEN)


def test_labels_without_identity_when_compared_then_same_as_the_manifest():
    assert correction.OUTLIER == manifest.OUTLIER
    assert correction.UNKNOWN == manifest.UNKNOWN
