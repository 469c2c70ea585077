"""The benchmark of evaluation as a command: every part is in its report and on its page.

Nothing is asserted about speed.
"""

import json
from dataclasses import asdict

import pytest

from frlib.bench import eval as case
from tests.benchmarks.run import run


def test_eval_when_small_then_every_part_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bench", "eval", "--small", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["what"] for one in found["verification"]][-1] == "boundaryface"
    assert found["templates"]["whole"]["shape"] == asdict(case.SMALL.templates.whole)
    assert found["templates"]["streamed"]["images"] == case.SMALL.templates.streamed
    assert found["identification"]["whole"]["shape"] == asdict(case.SMALL.identification.whole)
    assert all(one["faster"] > 0 for one in found["templates"]["ratios"])


def test_eval_when_shown_then_no_value_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bench", "eval", "--small", "--repeats", "2") == 0
    page = capsys.readouterr().out
    for part in ("boundaryface", "pooling, 8 settings", "1:1 in all", "44,850 pairs", "20,000"):
        assert part in page
    assert "nan" not in page


def test_sizes_when_repeated_then_the_work_is_the_same() -> None:
    found = case.SMALL.repeated(4)
    parts = (found.verification, found.templates, found.identification)
    assert [one.repeats for one in parts] == [4, 4, 4]
    assert found.repeated(1) == case.SMALL
