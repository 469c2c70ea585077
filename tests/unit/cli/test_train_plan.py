"""`frlib train plan`, from a config to the printed page."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from frlib.cli.main import app
from frlib.core.errors import ConfigError

RUN = json.dumps({"backbone": {"name": "tiny", "width": 4, "embedding_size": 16}, "batch_size": 64})
SYNTH = {"name": "synth", "identities": 6, "images": 20}


def _run(*words: str) -> str:
    result = CliRunner().invoke(app, ["train", "plan", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def _facts(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_run(*words, "--json"))
    return found


def test_plan_when_shown_then_has_parts_devices_and_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = _run(RUN, "--like", "glint360k", "--workers", "8", "--hours", "24")
    assert "360,232 classes, 17,091,657 images; 8 workers, batch 64: 8 images each" in shown
    assert "45,029 of 360,232 rows of 16" in shown
    assert "A100 80, H100" in shown and "this machine, CPU" in shown
    assert "In 24 h: 3,956 images/s, 495 a worker" in shown
    assert "What would need less" not in shown
    assert all(len(line) <= 100 for line in shown.splitlines())


def test_plan_when_nothing_fits_then_says_what_would_need_less() -> None:
    shown = _run(RUN, "--like", "webface42m", "--memory", "1.5")
    assert "What would need less" in shown
    assert "class_rows=offloaded" in shown


def test_plan_when_json_then_parts_add_up() -> None:
    found = _facts(RUN, "--classes", "1000", "--images", "5000", "--set", "epochs=3")
    parts = {part["name"]: part for part in found["parts"]}
    assert parts["class rows"]["bytes"] == 4 * 1000 * 16
    on_device = [p["bytes"] for p in found["parts"] if p["place"] == "device"]
    assert sum(on_device) == found["device_bytes"]
    assert (found["steps_per_epoch"], found["images_in_all"]) == (78, 78 * 64 * 3)
    assert found["images_per_s"] is None


def test_plan_when_no_counts_are_given_then_counts_the_training_set(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps({**json.loads(RUN), "data": {"train": SYNTH, "size": 32}}))
    found = _facts(str(file), "--store", str(tmp_path))
    assert (found["classes"], found["images"], found["size"]) == (6, 120, 32)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((RUN, "--like", "ms1m-v3"), "did you mean 'ms1mv3'"),
        ((RUN, "--classes", "10"), "give --like SET, or --classes C and --images M"),
        ((RUN,), "no data to count; give --classes C and --images M"),
        ((RUN, "--like", "casia", "--workers", "0"), "workers=0"),
        ((RUN, "--like", "casia", "--workers", "7"), "does not divide into 7 workers"),
        (("{", "--like", "casia"), "no JSON"),
        (("missing.json",), "missing.json: no such file"),
        ((RUN, "--like", "casia", "--set", "batchsize=2"), "did you mean 'batch_size'"),
        (
            ('{"data": {"train": {"name": "parquet", "path": "gone.parquet"}}}',),
            "cannot be counted .*Give --classes C and --images M, or --like",
        ),
    ],
)
def test_plan_when_the_call_is_wrong_then_says_what_to_do(
    words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        _run(*words, "--store", str(tmp_path))
