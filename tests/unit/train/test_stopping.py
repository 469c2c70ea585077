import math

import pytest

from frlib.train.state import Progress
from frlib.train.stopping import Stopping

NAN = math.nan


@pytest.mark.parametrize(
    ("metric", "value", "best", "is_better"),
    [
        ("auc", 0.9, 0.8, True),
        ("auc", 0.8, 0.8, False),
        ("eer", 0.1, 0.2, True),
        ("eer", 0.2, 0.1, False),
        ("accuracy", 0.1, None, True),
        ("auc", NAN, None, False),
        ("auc", NAN, 0.1, False),
        ("eer", NAN, 0.1, False),
    ],
)
def test_is_better_when_compared_then_follows_the_metric(
    metric: str, value: float, best: float | None, is_better: bool
) -> None:
    assert Stopping.parse({"metric": metric}).is_better(value, best) is is_better


def test_ends_when_patience_is_zero_then_never() -> None:
    assert not any(Stopping().ends(waited) for waited in range(100))
    assert [Stopping(patience=2).ends(waited) for waited in range(4)] == [False, False, True, True]


def test_note_when_values_come_then_counts_those_since_the_best() -> None:
    progress, stopping, waited = Progress(), Stopping(), []
    for value in (0.5, 0.5, NAN, 0.7, 0.6):
        progress.note(value, stopping)
        waited.append(progress.waited)
    assert waited == [0, 1, 2, 0, 1]
    assert progress.score == 0.7
