"""What the Ray Train layer costs: same groups, an error where they are not, a reason without Ray.

Nothing is asserted about speed.
"""

from pathlib import Path

import pytest

from frlib.cli import bench_train_page
from frlib.core import safeio
from frlib.core.errors import BenchmarkError, ClusterError
from frlib.launch import overhead as launch
from frlib.rayrun import overhead
from frlib.rayrun.overhead import Pace

PACE = Pace(steps=4, step_s=0.001, every=2, numbers=10)


def _silent(text: str) -> None:
    assert text


@pytest.mark.ray
@pytest.mark.slow
def test_layer_when_measured_then_both_ways_have_a_time_and_ray_has_ended() -> None:
    import ray

    found = overhead.measured(PACE, 1, say=_silent)
    assert found.plain_ms > 1 and found.ray_ms > 1
    assert found.lost == pytest.approx(found.ray_ms / found.plain_ms - 1)
    assert not ray.is_initialized()


@pytest.mark.dist
def test_workers_when_started_by_hand_then_average_over_both(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    overhead._by_hand(PACE, out, nice=1)
    row = safeio.read_json(out)
    assert row["mean"] == 1.5 and row["ms"] > 1 and row["nice"] >= 1
    assert safeio.read_json(tmp_path / "out.rows.json")["value"] == 1.5


def test_layer_when_the_groups_average_differently_then_error_and_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"ms": 1.0, "cpu_ms": 0.1, "nice": 0}

    def alone(pace: Pace, out: Path) -> None:
        safeio.write_json(out, row | {"mean": 1.0})

    def joined(pace: Pace, out: Path, nice: int) -> None:
        safeio.write_json(out, row | {"mean": 1.5})

    monkeypatch.setattr(overhead, "_by_ray", alone)
    monkeypatch.setattr(overhead, "_by_hand", joined)
    with pytest.raises(BenchmarkError, match=r"by hand average to 1\.5, by Ray Train to 1\.0"):
        overhead._turn(PACE, tmp_path, 0, _silent)


def test_layer_when_there_is_no_cluster_then_the_page_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ClusterError("Ray on this machine: no room")

    monkeypatch.setattr(overhead, "measured", fail)
    layer = launch.measured(say=_silent)
    assert layer == "Ray on this machine: no room"
    bench_train_page._layer(layer)
    assert "not measured. Ray on this machine: no room" in capsys.readouterr().out
