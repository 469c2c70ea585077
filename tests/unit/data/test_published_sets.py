import pytest

from frlib.core.errors import ConfigError
from frlib.data.published_sets import PUBLISHED, Counts, counts


def test_counts_when_known_then_are_those_of_the_set() -> None:
    assert counts("ms1mv3") == Counts(93_431, 5_179_510)
    assert all(one.classes < one.images for one in PUBLISHED.values())


def test_counts_when_unknown_then_names_the_nearest_and_all() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'ms1mv3'.*glint360k"):
        counts("ms1m-v3")
