"""Damaged files, thousands of them, over every reader: an answer or a typed error, nothing else.

`pytest tests/fuzz -m "slow or not slow" -s` prints the counts.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz.subjects import SUBJECTS

ROOT = Path(__file__).parents[2]
FEW = 120
MANY = -(-10_000 // len(SUBJECTS))


def _run(name: str, seed: int, cases: int, root: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz.child", name, str(seed), str(cases), str(root)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    started, outcomes = lines[0::2], lines[1::2]
    last = started[-1] if started else "none"
    assert done.returncode == 0, f"{name}: died in {last}, seed {seed}: {done.stderr[-2000:]}"
    wrong = [(a, b) for a, b in zip(started, outcomes, strict=True) if b["outcome"] == "wrong"]
    assert not wrong, f"{name}, seed {seed}: {len(wrong)} wrong, first {wrong[:3]}"
    counts = Counter(one["outcome"] for one in outcomes)
    longest = max(one["took_s"] for one in outcomes)
    print(f"\nfuzz {name}: {cases} cases, {dict(counts)}, slowest {longest} s")
    assert sum(counts.values()) == cases
    assert counts["refused"] > 0


@pytest.mark.parametrize("name", SUBJECTS)
def test_reader_when_files_are_damaged_then_answers_or_refuses(name: str, tmp_path: Path) -> None:
    _run(name, 0, FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", SUBJECTS)
def test_reader_when_ten_thousand_files_are_damaged_then_answers_or_refuses(
    name: str, tmp_path: Path
) -> None:
    _run(name, 1, MANY, tmp_path)
