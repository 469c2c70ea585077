"""Which metric decides, and what an interval says about it."""

import numpy as np
import pytest

from frlib.core.errors import ProtocolError
from frlib.evaluate.compatibility.outcomes import BY_PEOPLE, Outcome
from frlib.evaluate.compatibility.verdict import headline, judge
from frlib.stats.intervals import Interval
from frlib.stats.people import people


def _outcome(
    metric: str,
    low: float,
    high: float,
    *,
    protocol: str = "own",
    trials: int = 10,
    weak: str = "",
) -> Outcome:
    verdicts = np.ones(trials, dtype=bool)
    return Outcome(
        protocol=protocol,
        variant="v",
        metric=metric,
        before_P=verdicts,
        after_P=verdicts,
        people=people(np.arange(trials), np.arange(trials)),
        gain=Interval((low + high) / 2, low, high, 50),
        how=BY_PEOPLE,
        weak=weak,
    )


def test_headline_when_several_then_the_strictest_that_is_supported() -> None:
    found = [
        _outcome("accuracy", 0, 1, trials=20),
        _outcome("tar@far=0.001", 0, 1, weak="rests on 2"),
        _outcome("tar@far=0.01", 0, 1),
        _outcome("tar@far=0.1", 0, 1),
    ]
    assert headline(found).metric == "tar@far=0.01"
    assert headline(found[:2]).metric == "accuracy"
    assert headline(found[1:2]).metric == "tar@far=0.001"
    with pytest.raises(ProtocolError, match="no rate could be computed"):
        headline([])


def test_headline_when_lists_differ_then_the_longer_and_with_distractors() -> None:
    short, long = (
        _outcome("tar@far=0.01", 0, 1),
        _outcome("tar@far=0.1", 0, 1, protocol="b", trials=20),
    )
    assert headline([short, long]) is long
    alone, among = _outcome("rank1", 0, 1), _outcome("rank1", 0, 1, protocol="own+distractors")
    assert headline([alone, among]) is among


@pytest.mark.parametrize(
    ("low", "high", "least", "state"),
    [
        (0.01, 0.05, 0.0, "compatible"),
        (-0.01, 0.05, 0.0, "not decided"),
        (0.0, 0.05, 0.0, "not decided"),
        (-0.05, 0.0, 0.0, "not compatible"),
        (-0.05, -0.01, 0.0, "not compatible"),
        (0.01, 0.05, 0.02, "not decided"),
        (0.01, 0.05, 0.06, "not compatible"),
        (0.01, 0.05, -0.1, "compatible"),
    ],
)
def test_judge_when_the_interval_lies_so_then_this(
    low: float, high: float, least: float, state: str
) -> None:
    found = judge([_outcome("rank1", low, high)], least=least)
    assert found.state == state
    assert (found.more_people is not None) == (state == "not decided")
    assert found.sentence.count(".") >= 1 and "\n" not in found.sentence


def test_judge_when_another_metric_falls_then_it_vetoes_unless_weak() -> None:
    main, falls = _outcome("tar@far=0.01", 0.01, 0.05), _outcome("rank1", -0.05, -0.01)
    found = judge([main, falls])
    assert found.state == "not compatible"
    assert "own rank1 falls by 3.00 points" in found.sentence
    weak = _outcome("tar@far=0.001", -0.05, -0.01, weak="rests on 1")
    assert judge([main, weak]).state == "compatible"


def test_judge_when_many_metrics_could_veto_then_one_of_them_has_to_fall_further() -> None:
    main, falls = _outcome("tar@far=0.01", 0.01, 0.05), _outcome("rank1", -0.05, -0.001)
    others = [_outcome(f"tar@far={k}", -0.02, 0.03) for k in (0.02, 0.03, 0.04, 0.05)]
    assert judge([main, falls]).state == "not compatible"
    assert judge([main, falls, *others]).state == "compatible"
    clearly = _outcome("rank1", -0.05, -0.02)
    assert judge([main, clearly, *others]).state == "not compatible"


def test_judge_when_there_is_no_interval_then_not_decided() -> None:
    nan = float("nan")
    assert judge([_outcome("rank1", nan, nan)]).state == "not decided"
