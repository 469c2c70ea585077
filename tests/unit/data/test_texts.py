"""Columns of texts: where others stand in them."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from frlib.data.texts import ABSENT, places, texts

WORDS = st.lists(st.text(max_size=3), max_size=8)


@given(WORDS, WORDS)
def test_places_when_looked_up_then_the_first_place_or_absent(
    wanted: list[str], among: list[str]
) -> None:
    expected = [among.index(one) if one in among else ABSENT for one in wanted]
    assert places(texts(wanted), texts(among)).tolist() == expected
    assert places(pa.chunked_array([wanted], pa.string()), texts(among)).tolist() == expected
