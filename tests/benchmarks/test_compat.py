"""The benchmark of old features: that it compares, and what is reported.

Nothing is asserted about speed.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from frlib.bench import compat, compat_case, compat_classes, compat_extract, compat_read
from frlib.bench.compat_case import Shape
from frlib.cli import bench_page
from frlib.core.errors import BenchmarkError
from frlib.evaluate import features
from frlib.evaluate.mapped import open_mapped
from tests.benchmarks.run import run

TINY = Shape(samples=300, classes=7, dim=16)


@pytest.mark.parametrize("columns", [80, 120])
def test_page_when_small_then_every_value_is_there_and_fits(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_page.console, "_width", columns)
    assert run(monkeypatch, "bench", "compat", "--small", "--samples", "2000") == 0
    page = capsys.readouterr().out
    assert "32 of 2,000" in page and "2,000 samples of 200" in page
    assert "…" not in page and "nan" not in page
    assert max(len(line) for line in page.splitlines()) <= columns


def test_report_when_json_then_ratios_are_those_of_the_times(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compat, "SMALL", compat.SMALL.of(300))
    assert run(monkeypatch, "bench", "compat", "--small", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    read, extract, classes = found["read"], found["extract"], found["classes"]
    assert read["ratio"] == pytest.approx(read["read_ms"] / read["copy_ms"])
    assert read["share"] == pytest.approx(read["read_ms"] / read["step_ms"])
    assert extract["share"] == pytest.approx(extract["extract"] / extract["loader"])
    assert classes["shape"] == {"samples": 300, "classes": 30, "dim": 64}
    assert classes["ratio"] == pytest.approx(classes["plain_s"] / classes["means_s"])
    assert classes["passes"]["means"] == pytest.approx(classes["means_s"] / classes["read_s"])
    assert classes["kept"] == pytest.approx(0.9)


def test_file_when_written_then_holds_the_made_rows_and_no_part_is_left(tmp_path: Path) -> None:
    path = compat_case.write(TINY, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    found, wanted = features.load(path), compat_case.rows(TINY, 0)
    np.testing.assert_allclose(found.plain, wanted, rtol=0, atol=2e-2)
    counts = np.bincount(compat_case.labels(TINY))
    assert len(counts) == 7 and counts.min() >= 42


def test_comparisons_when_something_differs_then_are_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = compat_case.write(TINY, tmp_path)
    mapped = open_mapped(path)
    compat_read._require_written(mapped, TINY)
    rows = compat_case.rows
    monkeypatch.setattr(compat_case, "rows", lambda *given: rows(*given)[::-1])
    with pytest.raises(BenchmarkError, match="a direction is"):
        compat_read._require_written(mapped, TINY)
    ordered = mapped.ordered(np.arange(len(mapped)))
    labels = compat_case.labels(TINY)
    with pytest.raises(BenchmarkError, match="plain loop over 7 classes"):
        compat_classes._plain(ordered, labels, np.zeros((7, 16), dtype=np.float32))
    monkeypatch.setattr(
        compat_extract.Still, "embed", lambda own, images: np.random.rand(len(images), own._dim)
    )
    shape = replace(compat.SMALL.extract, images=16, batch=8)
    with pytest.raises(BenchmarkError, match="Rows and images went apart"):
        compat_extract.measured(shape, tmp_path)
