import json
from pathlib import Path

from frlib.train.loop import epochs
from frlib.train.trace import Trace
from tests.unit.train.worlds import HERE, config, manifest, pixels


def test_epochs_when_profiled_then_a_trace_of_the_first_epoch_is_written(tmp_path: Path) -> None:
    run = config(profile=2, batch_size=8, epochs=2)
    passes = epochs(run, manifest(), pixels(), seed=0, place=HERE, folder=tmp_path)
    next(passes)
    file = tmp_path / "trace.json"
    events = json.loads(file.read_text())["traceEvents"]
    names = [event.get("name", "") for event in events]
    assert sum(name.startswith("ProfilerStep#") for name in names) == 2
    assert any("convolution" in name for name in names)
    written = file.stat().st_mtime_ns
    list(passes)
    assert file.stat().st_mtime_ns == written


def test_trace_when_there_are_no_steps_or_no_folder_then_nothing_is_written(
    tmp_path: Path,
) -> None:
    for steps, folder in ((0, tmp_path), (3, None)):
        with Trace(steps, folder) as trace:
            for _ in range(8):
                trace.step()
    assert not list(tmp_path.iterdir())
