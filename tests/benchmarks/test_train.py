"""The benchmark of training: that it compares, notices another update, and reports sanely.

Nothing is asserted about speed.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from frlib.bench import plain_training, train, train_checkpoint, train_floor, train_update
from frlib.bench.limits import Limits
from frlib.bench.train_case import PLAIN, PLAN, TOLERANCE, Case, Shape
from frlib.core.errors import BenchmarkError
from frlib.train import checkpoint
from tests.benchmarks.run import run

SHAPE = Shape(depth=0, side=32, batch=8, classes=50)
FLOAT = ("float32",)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_train_when_small_then_every_part_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bench", "train", "--small", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["steps"]] == ["tiny", "iresnet18"]
    tiny, deep = (one["forms"] for one in found["steps"])
    assert set(tiny) - set(deep) == {PLAN}
    for forms in (tiny, deep):
        for name, form in forms.items():
            assert 0 < form["least_ms"] <= form["ms"] <= form["most_ms"]
            assert form["faster"] == pytest.approx(forms[PLAIN]["ms"] / form["ms"])
            assert (form["error"] is None) == (name in (PLAIN, PLAN))
            assert form["error"] is None or form["error"] <= TOLERANCE[name]
    assert tiny["float32"]["faster_than_plan"] == pytest.approx(
        tiny[PLAN]["ms"] / tiny["float32"]["ms"]
    )
    assert [one["name"] for one in found["updates"]] == ["tiny"]
    (kept,) = found["checkpoints"]
    assert kept["lost"] == pytest.approx(kept["stall_ms"] / (kept["every"] * kept["step_ms"]))
    assert found["ray_train"] is None


@pytest.mark.parametrize("fault", ["no clipping", "no momentum", "other rate", "other head"])
def test_step_when_the_plain_loop_trains_otherwise_then_error_naming_the_network(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Case(SHAPE, FLOAT).compared()
    honest: Any = plain_training.Loop
    wrong: dict[str, Any] = {
        "no clipping": {"clip_norm": 1e9},
        "no momentum": {"momentum": 0.0},
        "other rate": {"lr": 0.022},
        "other head": {},
    }[fault]

    def loop(net: Any, weight: Any, head: Any, like: Any, clip_norm: float) -> Any:
        clip_norm = wrong.get("clip_norm", clip_norm)
        return honest(net, weight * (1 + (fault == "other head")), head, like | wrong, clip_norm)

    monkeypatch.setattr(plain_training, "Loop", loop)
    case = Case(SHAPE, FLOAT)
    with pytest.raises(BenchmarkError, match=r"tiny in float32: losses .* not timed"):
        case.compared()


def test_plan_when_counted_then_has_the_work_of_a_ten_layer_iresnet_of_width_16() -> None:
    work = train_floor.counted(plain_training.Plan(16, 64, 128), 64)
    assert work.macs == pytest.approx(35.7e6, rel=0.02)
    assert work.outputs == pytest.approx(0.78e6, rel=0.01)


def test_work_when_counted_on_a_known_network_then_is_that_of_the_literature() -> None:
    work = train_floor.counted(Case(Shape(depth=18, side=112, batch=2), FLOAT).backbone, 112)
    assert work.macs == pytest.approx(2.61e9, rel=0.01)
    assert work.outputs == pytest.approx(11.9e6, rel=0.01)


def test_floor_when_rates_are_known_then_is_their_sum() -> None:
    machine = Limits("cpu", 1, "", "", 0, 100.0, 200.0, 1.0, 10.0)
    work = train_floor.Work(macs=10**9, outputs=10**7)
    assert work.floor_s(2, "float32", machine) == pytest.approx(0.12 + 0.04)
    assert work.floor_s(2, "bfloat16", machine) == pytest.approx(0.06 + 0.02)


def test_update_when_compared_then_both_moved_to_the_same_weights() -> None:
    case = train_update.Case(SHAPE)
    before = [p.detach().clone() for p in case.own]
    assert case.compared() <= train_update.TOLERANCE
    assert all(not torch.equal(a, b) for a, b in zip(before, case.own, strict=True))


@pytest.mark.parametrize("fault", ["clip_norm", "momentum", "weight_decay"])
def test_update_when_the_plain_one_lacks_a_part_then_error_and_no_time(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = plain_training.Update

    def without(parameters: Any, like: Any, clip_norm: float) -> Any:
        if fault == "clip_norm":
            return honest(parameters, like, 1e9)
        return honest(parameters, like | {fault: 0.0}, clip_norm)

    monkeypatch.setattr(plain_training, "Update", without)
    with pytest.raises(BenchmarkError, match=r"update: weights are .* not timed"):
        train_update.Case(SHAPE).compared()


def test_checkpoint_when_the_disk_gives_other_numbers_then_error_names_a_tensor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = checkpoint.load_file

    def rounded(path: Path) -> dict[str, torch.Tensor]:
        return {n: t.bfloat16().to(t.dtype) for n, t in honest(path).items()}

    monkeypatch.setattr(checkpoint, "load_file", rounded)
    with pytest.raises(BenchmarkError, match=r"checkpoint: \d+ tensors .* first model"):
        train_checkpoint.measured(SHAPE, "float32", 1, say=lambda _: None)


def test_sizes_when_repeated_then_the_work_is_the_same() -> None:
    found = train.SMALL.repeated(4)
    parts = (found.steps, found.updates, found.checkpoints)
    assert {one.repeats for part in parts for one in part} == {4}
    assert [one.shape for one in found.steps] == [one.shape for one in train.SMALL.steps]
