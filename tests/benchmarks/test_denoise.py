"""The benchmark of cleaning: that it compares, that both sides do the work, and what is reported.

Nothing is asserted about speed.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from frlib.bench import case, denoise, denoise_case, denoise_drop, denoise_record, plain_drop
from frlib.bench.denoise_case import Shape
from frlib.cli import bench_page
from frlib.core.errors import BenchmarkError
from frlib.denoise import subcenter_drop
from tests.benchmarks.run import run

TINY = Shape(samples=400, classes=11, centres=3, dim=16)


@pytest.mark.parametrize("columns", [80, 120])
def test_page_when_small_then_every_value_is_there_and_fits(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench_page.console, "_width", columns)
    assert run(monkeypatch, "bench", "denoise", "--small", "--samples", "2000") == 0
    page = capsys.readouterr().out
    assert "2,000 samples of 200 people" in page
    assert "…" not in page and "nan" not in page
    assert max(len(line) for line in page.splitlines()) <= columns


def test_report_when_json_then_times_add_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(denoise, "SMALL", denoise.SMALL.of(300))
    assert run(monkeypatch, "bench", "denoise", "--small", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    drop, record = found["drop"], found["record"]
    assert drop["shape"]["classes"] == 30
    assert drop["s"] == pytest.approx(drop["decide_s"] + drop["score_s"] + drop["apply_s"])
    assert drop["ratio"] == pytest.approx(drop["plain_s"] / drop["decide_s"])
    assert 0 < drop["precision"] <= 1 and 0 < drop["recall"] <= 1
    per_step = record["add_ms"] + record["close_ms"] / (300 // 32)
    assert record["recorded"] == pytest.approx(per_step / record["step_ms"])
    more = record["on_ms"] - record["off_ms"]
    assert record["taken"] == pytest.approx(more / record["step_ms"])


def test_drop_when_the_plain_loop_goes_through_all_classes_then_the_rule_agrees(
    tmp_path: Path,
) -> None:
    manifest = denoise_case.manifest(TINY)
    seen = denoise_case.evidence(TINY, manifest, tmp_path)
    found = subcenter_drop.decide(seen, subcenter_drop.Config(drop_angle_deg=70))
    rows_of = plain_drop.by_class(seen.given, TINY.classes)
    flagged = np.zeros(len(manifest), dtype=bool)
    vectors = seen.vectors
    every = plain_drop.drop(vectors.embeddings, vectors.weight, rows_of, 3, 70, range(11))
    for one in every:
        assert np.array_equal(seen.given[one.rows], np.full(len(one.rows), seen.given[one.rows[0]]))
        flagged[one.rows] = one.goes
    assert flagged.any() and not flagged.all()
    assert np.array_equal(flagged, found.is_flagged)


def test_drop_when_a_verdict_differs_then_error_names_the_class(tmp_path: Path) -> None:
    manifest = denoise_case.manifest(TINY)
    seen = denoise_case.evidence(TINY, manifest, tmp_path)
    found = subcenter_drop.decide(seen, subcenter_drop.Config())
    wrong = replace(found, is_flagged=~found.is_flagged)
    with pytest.raises(BenchmarkError, match=r"class 0: the rule and the plain loop differ on"):
        denoise_drop._plain(TINY, seen, wrong, 75.0)


def test_case_when_made_then_a_fifth_is_flipped_and_classes_differ() -> None:
    manifest = denoise_case.manifest(replace(TINY, samples=4000))
    flipped = manifest.labels != manifest.true_labels
    assert flipped.mean() == pytest.approx(denoise_case.FLIPPED, abs=0.03)
    assert np.array_equal(flipped, manifest.kinds > 0)


def test_heads_when_compared_then_one_decides_about_a_tenth_and_the_other_does_not() -> None:
    shape = denoise_record.Shape(side=32, batch=50, classes=40, samples=100, repeats=1)
    off, on = denoise_record._heads(shape).values()
    assert torch.equal(off.weight, on.weight)
    emb_BD, labels_B = case.batch(on.weight.detach(), 40, 50)
    assert off(emb_BD, labels_B, epoch=0).decisions is None
    decided = on(emb_BD, labels_B, epoch=0).decisions
    assert decided is not None
    assert 0 < int(decided.is_flagged_B.sum()) <= 25
