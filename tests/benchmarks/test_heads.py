"""The benchmark of heads: that it compares, notices a wrong baseline, and reports sane numbers.

Nothing is asserted about speed.
"""

import json
import os
from typing import Any

import pytest
import torch
from torch import Tensor

from frlib.bench import measure, onehot, peaks
from frlib.bench.case import FUSED, ONE_HOT, REFERENCE, Case, Shape
from frlib.bench.limits import NO_BF16
from frlib.core import discover
from frlib.core.config import with_path
from frlib.core.errors import BenchmarkError
from frlib.heads.config import HeadConfig
from tests.benchmarks.run import run

SHAPE = Shape(batch=40, dim=32, classes=60, device="cpu")


def _config(name: str) -> HeadConfig:
    config: HeadConfig = discover.load("frlib.heads.presets", name).Config()
    return config


@pytest.mark.parametrize("name", onehot.HEADS)
def test_one_hot_loss_when_the_head_computes_another_margin_then_is_an_error_naming_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = onehot.build
    config = _config(name)
    Case(config, SHAPE, (FUSED, REFERENCE)).compared()
    monkeypatch.setattr(
        onehot, "build", lambda config: honest(with_path(config, "margin", 1.01 * config.margin))
    )
    with pytest.raises(BenchmarkError, match=rf"head {name}, 60 classes: the fused form differs"):
        Case(config, SHAPE, (FUSED,)).compared()


def test_one_hot_loss_when_only_its_gradient_is_wrong_then_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = onehot.build(_config("arcface"))

    def halved(emb_BD: Tensor, weight_RD: Tensor, labels_B: Tensor) -> Tensor:
        loss = honest(emb_BD, weight_RD, labels_B)
        return loss.detach() + 0.5 * (loss - loss.detach())

    monkeypatch.setattr(onehot, "build", lambda config: halved)
    with pytest.raises(BenchmarkError, match="head arcface"):
        Case(_config("arcface"), SHAPE, (FUSED,)).compared()


@pytest.mark.parametrize("classes", [60, 2000])
def test_batch_when_boundary_sees_it_then_about_a_tenth_is_relabelled(classes: int) -> None:
    shape = Shape(batch=100, dim=128, classes=classes, device="cpu")
    _, flagged = Case(_config("boundary"), shape, (FUSED,)).compared()
    assert 10 <= flagged <= 15


def test_bench_heads_when_small_then_prints_every_head_with_sane_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bench", "heads", "--small", "--reference", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert [r["head"] for r in report["results"]] == list(onehot.HEADS)
    assert (report["bf16"] == NO_BF16) == (report["limits"]["bf16_gflops"] is None)
    assert all(report["limits"][rate] > 0 for rate in ("fp32_gflops", "read_gbs", "copy_gbs"))
    for result in report["results"]:
        _check(result)


def _check(result: dict[str, Any]) -> None:
    assert result["shape"]["classes"] == 300
    assert result["centres"] == (3 if result["head"] == "subcenter" else 1)
    assert (result["flagged"] > 0) == (result["head"] == "boundary")
    assert set(result["forms"]) >= {ONE_HOT, FUSED, REFERENCE}
    assert result["floor_ms"] > 0 and result["floor_share"] > 0
    weights = 4 * 300 * result["centres"] * 64 + 4 * 32 * 300
    assert result["memory_floor_mib"] == pytest.approx(weights / 2**20)
    plain = result["forms"][ONE_HOT]
    assert plain["speedup"] == 1 and plain["error"] == dict.fromkeys(plain["error"], 0)
    for form in result["forms"].values():
        assert 0 < form["least_ms"] <= form["ms"] <= form["most_ms"]
        assert form["speedup"] == pytest.approx(plain["ms"] / form["ms"])
        assert form["times_floor"] == pytest.approx(form["ms"] / result["floor_ms"])
        assert form["peak_mib"] is None or form["peak_mib"] >= 0


def test_bench_heads_when_printed_then_has_a_table_with_the_limits_above(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--small", "--heads", "cosface, arcface", "--classes", "50,70", "--repeats", "1")
    assert run(monkeypatch, "bench", "heads", *words) == 0
    lines = capsys.readouterr().out.splitlines()
    starts = [line.split()[0] for line in lines if line]
    assert [s for s in starts if s in onehot.HEADS] == 2 * ["cosface", "arcface"]
    assert "CPU time, 1 thread" in lines[0] and "GFLOP/s" in lines[1]
    assert sum("C = 50" in line or "C = 70" in line for line in lines) == 2


def _freed_before_the_end() -> Tensor:
    torch.zeros(2**24)
    torch.zeros(2**23)
    return torch.zeros(2**22)


def _peak_of_known_size() -> int | None:
    _freed_before_the_end()
    return measure.peak_bytes(_freed_before_the_end, torch.device("cpu"), lambda: None)


def test_peak_when_the_size_is_known_then_found_to_a_mebibyte() -> None:
    with peaks.opened(threads=1) as memory:
        found = memory.pool.submit(_peak_of_known_size).result()
    if found is None:
        pytest.skip("this system does not tell")
    assert found == pytest.approx(4 * 2**24, abs=2**20)


def _die(*_: object) -> None:
    os._exit(9)


def test_peak_when_the_process_dies_then_is_an_error_naming_the_head(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peaks, "_measured", _die)
    with (
        peaks.opened(threads=1) as memory,
        pytest.raises(BenchmarkError, match=r"head arcface, 60 classes: .* died"),
    ):
        memory.of(_config("arcface"), SHAPE, (ONE_HOT, FUSED))
