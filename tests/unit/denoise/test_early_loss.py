"""High losses in the first epochs."""

import numpy as np
import pytest

from frlib.core.errors import ConfigError, NumericsError
from frlib.denoise.early_loss import Config, decide
from tests.unit.denoise.worlds import course, evidence

NAN = np.nan


def _seen(losses: list[list[float]]) -> "object":
    given = [0, 0, 1, 1]
    return evidence(given, 2, course=course("", len(losses), [], np.array(losses)))


def test_decide_when_epochs_are_named_then_only_those_count() -> None:
    seen = _seen([[9, 1, 1, 1], [1, 5, 1, 2], [1, 3, 2, 2], [1, 1, 9, 1]])
    found = decide(seen, Config(first=1, last=3, share=0.25))
    assert found.is_flagged.tolist() == [False, True, False, False]
    assert np.argsort(-found.suspicion, kind="stable")[0] == 1


def test_decide_when_asked_per_class_then_flags_the_share_of_each() -> None:
    seen = _seen([[1, 5, 7, 6]])
    found = decide(seen, Config(first=0, last=1, share=0.5, per_class=True))
    assert found.is_flagged.tolist() == [False, True, True, False]


def test_decide_when_an_epoch_missed_a_sample_then_the_others_count() -> None:
    seen = _seen([[1, NAN, 1, 1], [2, 4, 3, 1]])
    found = decide(seen, Config(first=0, last=2, share=0.25))
    assert found.is_flagged.tolist() == [False, True, False, False]


def test_decide_when_no_epoch_trained_on_a_sample_then_it_is_not_flagged() -> None:
    seen = _seen([[1, NAN, 2, 1]])
    found = decide(seen, Config(first=0, last=1, share=1.0))
    assert found.is_flagged.tolist() == [True, False, True, True]
    assert found.facts["never_seen"] == 1


def test_decide_when_no_losses_were_kept_then_says_so() -> None:
    with pytest.raises(ConfigError, match="no losses were kept"):
        decide(evidence([0, 1], 2), Config())
    with pytest.raises(ConfigError, match="losses of 1 epochs"):
        decide(_seen([[1, 2, 3, 4]]), Config(first=1, last=2))


def test_decide_when_a_loss_is_infinite_then_says_how_many() -> None:
    seen = _seen([[1, np.inf, 2, 1]])
    with pytest.raises(NumericsError, match="1 samples have an infinite loss"):
        decide(seen, Config(first=0, last=1))
