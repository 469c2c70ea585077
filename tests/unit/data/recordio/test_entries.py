"""Pairs of whole numbers: sorted and split as NumPy would with room to spare, in little room."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.data.recordio import entries
from frlib.data.recordio.entries import Entries

NUMBER = st.one_of(st.integers(0, 5), st.integers(0, 10**18 - 1))
ROWS = st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=60)


def _made(rows: list[tuple[int, int]], capacity: int = 1) -> Entries:
    found = Entries(capacity)
    for start in range(0, len(rows), 7):
        found.append(np.array(rows[start : start + 7], dtype=np.int64).ravel())
    return found


@settings(max_examples=100, deadline=None)
@given(ROWS, st.integers(0, 1))
def test_sort_when_any_numbers_then_as_python_sorts(
    rows: list[tuple[int, int]], column: int
) -> None:
    found = _made(rows)
    found.sort(column)
    expected = sorted(rows, key=lambda row: (row[column], row[1 - column]))
    values = [row[column] for row in expected]
    repeats = [b for a, b in pairwise(values) if a == b]
    assert found.repeats(column) == (len(repeats), repeats[0] if repeats else -1)
    assert found.bounds() == (expected[0][0], expected[-1][0])
    keys, offsets = found.split(keep_keys=True)
    assert keys is not None
    assert list(zip(keys.tolist(), offsets.tolist(), strict=True)) == expected


@pytest.mark.parametrize("keep_keys", [True, False])
def test_split_when_longer_than_a_block_then_whole_columns(
    keep_keys: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "_ROWS", 8)
    for length in (1, 7, 8, 9, 16, 100):
        rows = [(number * 3, number * 5) for number in range(length)]
        found = _made(rows, capacity=1000)
        assert found.is_ascending(0) and found.is_ascending(1)
        keys, offsets = found.split(keep_keys=keep_keys)
        assert offsets.tolist() == [offset for _, offset in rows]
        assert (keys is None) == (not keep_keys)
        assert keys is None or keys.tolist() == [key for key, _ in rows]


@pytest.mark.parametrize("rows", [[(0, 1), (1, 1)], [(0, 2), (1, 1)]])
def test_ascending_when_a_step_is_not_up_then_false(
    rows: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "_ROWS", 1)
    assert _made(rows).is_ascending(0)
    assert not _made(rows).is_ascending(1)


@pytest.mark.slow
def test_index_when_of_five_million_shuffled_lines_then_less_than_100_mb(tmp_path: Path) -> None:
    keys = np.random.default_rng(0).permutation(5_000_000) * 199_000_007
    with (tmp_path / "a.idx").open("w") as file:
        for start in range(0, len(keys), 100_000):
            block = keys[start : start + 100_000].tolist()
            file.writelines(f"{key}\t{8000 * (start + i)}\n" for i, key in enumerate(block))
    program = (
        "import resource, sys; from pathlib import Path; from frlib.data.recordio import index\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak(); found = index.load(Path(sys.argv[1])); print(peak() - before, len(found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.idx")],
        capture_output=True,
        text=True,
        check=True,
    )
    kib, length = map(int, done.stdout.split())
    assert length == 5_000_000
    assert kib < 100_000
