"""Who runs a study, seen from its folder, and the request to stop."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from frlib.core import safeio
from frlib.core.errors import ClusterError, RecordError
from frlib.study import driver
from frlib.study.driver import Driver, Driving


def _wait(there: object, seconds: float = 20.0) -> None:
    assert callable(there)
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def _write(folder: Path, **changes: object) -> None:
    one = Driver(os.uname().nodename, os.getpid(), 1.0, time.time(), None, False)
    told = replace(one, **changes)  # type: ignore[arg-type]
    safeio.write_json(folder / "driver.json", vars(told))


def test_driving_when_open_then_others_see_a_live_process_and_nothing_is_left_after(
    tmp_path: Path,
) -> None:
    with Driving(tmp_path):
        found = driver.find(tmp_path)
        assert found is not None
        assert (found.pid, found.is_here, found.is_alive) == (os.getpid(), True, True)
    assert driver.find(tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_driving_when_asked_to_stop_then_knows_and_tells(tmp_path: Path) -> None:
    with Driving(tmp_path) as driving:
        assert not driving.stopping()
        driver.ask_to_stop(tmp_path)
        _wait(driving.stopping)
        _wait(lambda: (found := driver.find(tmp_path)) is not None and found.stopping)


def test_driving_when_a_request_is_left_from_before_then_it_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "stop.json").write_text("{}")
    with Driving(tmp_path) as driving:
        time.sleep(1.2)
        assert not driving.stopping()


def test_ask_when_nothing_runs_the_study_then_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="no process is running it"):
        driver.ask_to_stop(tmp_path)
    assert not (tmp_path / "stop.json").exists()


@pytest.mark.parametrize("changes", [{"pid": 2**22 - 1}, {"beat": 0.0}])
def test_is_alive_when_the_process_is_gone_or_silent_then_is_not(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    _write(tmp_path, **changes)
    found = driver.find(tmp_path)
    assert found is not None and not found.is_alive


def test_ask_when_the_driver_is_elsewhere_then_only_a_polite_request_can_be_made(
    tmp_path: Path,
) -> None:
    _write(tmp_path, host="elsewhere", pid=2**22 - 1)
    with pytest.raises(ClusterError, match="on elsewhere: only there"):
        driver.ask_to_stop(tmp_path, now=True)
    assert not (tmp_path / "stop.json").exists()
    assert driver.ask_to_stop(tmp_path).host == "elsewhere"
    assert (tmp_path / "stop.json").exists()


def test_ask_when_now_then_the_process_is_interrupted(tmp_path: Path) -> None:
    code = (
        "import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n print(flush=True)\n time.sleep(60)\n"
        "except KeyboardInterrupt:\n raise SystemExit(7)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline()
        _write(tmp_path, pid=child.pid)
        driver.ask_to_stop(tmp_path, now=True)
        assert child.wait(20) in (7, -signal.SIGINT)


def test_find_when_the_file_is_of_another_kind_then_error_names_it(tmp_path: Path) -> None:
    (tmp_path / "driver.json").write_text(json.dumps({"a": 1}))
    with pytest.raises(RecordError, match=r"driver\.json.*remove it"):
        driver.find(tmp_path)
