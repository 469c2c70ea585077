"""`frlib cluster`: what needs no cluster."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from frlib.cli.cluster import followed
from frlib.rayrun.jobs import Job
from tests.benchmarks.run import run as frlib


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS", "FRLIB_STORE", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.py").write_text("1")
    (tmp_path / ".env").write_text("SECRET=1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_submit_when_dry_then_it_shows_what_goes_along_and_the_call(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--store", "/nfs/frlib", "--gpus", "0.5", "--secret", "MY_TOKEN", "--dry")
    assert frlib(monkeypatch, "cluster", "submit", "smoke", *words) == 0
    told = capsys.readouterr().out
    assert f"{folder}: 1 files, 0.0 MiB of at most 100" in told
    assert "left out .env" in " ".join(told.split())
    assert "MY_TOKEN, by name" in told
    assert "-- python -m frlib study run smoke --store /nfs/frlib --set" in told
    assert "resources.gpus_per_worker=0.5" in told


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("smoke", "--store", "frlib-store"), 2, "thrown away"),
        (("smokee", "--store", "/s"), 2, "did you mean 'smoke'"),
        (("smoke", "--store", "/s", "--env", "A_TOKEN=1"), 2, "looks like a secret"),
        (("smoke", "--store", "/s", "--set", "base.epoch=1"), 2, "epoch"),
        (("smoke", "--store", "/s", "--address", "head:6379"), 2, "http://HEAD:8265"),
        (("smoke", "--store", "/s", "--address", "http://127.0.0.1:9"), 1, "Ray's dashboard"),
        (("smoke", "--store", "/s", "--address", "http://u:pass@h:1"), 2, "http://***@h:1: has a"),
    ],
)
def test_submit_when_something_is_wrong_then_nothing_is_sent_and_the_message_says_what(
    words: tuple[str, ...],
    code: int,
    message: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert frlib(monkeypatch, "cluster", "submit", *words) == code
    assert message in capsys.readouterr().err


def test_doctor_when_there_is_no_cluster_then_it_looks_at_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--store", str(tmp_path), "--data", str(tmp_path / "nothing"))
    assert frlib(monkeypatch, "cluster", "doctor", *words) == 1
    assert "A study would fail." in capsys.readouterr().out
    assert frlib(monkeypatch, "cluster", "doctor", *words, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    (bad,) = [one for one in told["findings"] if one["level"] == "failure"]
    assert bad["check"] == "data" and bad["where"] == "here"
    assert frlib(monkeypatch, "cluster", "doctor", *words[:2]) == 0


def test_doctor_when_the_cluster_does_not_answer_then_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frlib(monkeypatch, "cluster", "doctor", "--address", "http://127.0.0.1:9") == 1
    assert "a cluster that answers" in " ".join(capsys.readouterr().out.split())


class Interrupted:
    """Jobs whose log is interrupted so many times before it ends."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.known: list[int] = []
        self.stopped = 0

    def follow(self, job: str, known: int = 0) -> Iterator[str]:
        self.known.append(known)
        yield "abc"
        if self.left:
            self.left -= 1
            raise KeyboardInterrupt

    def stop(self, job: str) -> bool:
        self.stopped += 1
        return True

    def find(self, job: str) -> Job:
        status = "STOPPED" if self.stopped else "SUCCEEDED"
        return Job(job, status, 0, "", {}, "", None, None)


@pytest.mark.parametrize(
    ("times", "choice", "code", "stops"),
    [
        (0, "ask", 0, 0),
        (1, "stop", 1, 1),
        (1, "ask", 1, 1),
        (1, "detach", 130, 0),
        (2, "stop", 130, 1),
    ],
)
def test_interrupt_when_nobody_can_be_asked_then_the_job_is_stopped_once(
    times: int, choice: followed.Interrupt, code: int, stops: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    jobs = Interrupted(times)
    assert followed.to_the_end(jobs, "a", choice) == code  # type: ignore[arg-type]
    assert jobs.stopped == stops
    assert jobs.known == [3 * k for k in range(len(jobs.known))]
