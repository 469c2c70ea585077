from dataclasses import replace

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.evaluate.questions import asked
from tests.unit.evaluate.made_pairs import listed


def test_asked_when_the_count_is_wrong_then_error_unless_any_is_allowed() -> None:
    with pytest.raises(DataError, match=r"80 pairs, 40 .* has 6,000"):
        asked("lfw", listed(), 6000)
    assert len(asked("lfw", listed(), 0)) == 80


def test_asked_when_all_positives_come_first_then_error_says_to_order() -> None:
    pairs = listed()
    first = replace(pairs, same=np.arange(80) < 40)
    with pytest.raises(DataError, match=r"fold 0 are of one person.*official CALFW"):
        asked("calfw", first, 0)


def test_asked_when_one_kind_only_then_error() -> None:
    with pytest.raises(DataError, match="both kinds"):
        asked("x", replace(listed(), same=np.ones(80, dtype=bool)), 0)


def test_people_when_folders_agree_with_the_flags_then_known_else_none() -> None:
    found = asked("x", listed(), 0).people
    assert found is not None
    assert found.num == 40
    assert asked("x", listed(flat=True), 0).people is None
    pairs = listed()
    wrong = replace(pairs, same=np.where(np.arange(80) == 5, True, pairs.same))
    assert asked("x", wrong, 0).people is None
