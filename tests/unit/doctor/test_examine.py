import json
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from frlib.core.errors import ClusterError
from frlib.doctor import examine, token
from frlib.doctor.asked import Asked
from frlib.doctor.checks import data, room, store, tracking
from frlib.doctor.report import Report, names
from frlib.launch import doctor
from tests.unit.doctor.reports import report


def test_here_when_examined_then_every_check_looks_and_nothing_is_left_behind(
    tmp_path: Path,
) -> None:
    found = doctor.here(Asked(store=str(tmp_path / "s"), data=(str(tmp_path),)))
    assert set(found.here) == set(names())
    assert not any("problem" in facts for facts in found.here.values())
    assert found.here["store"]["read"] == [found.here["store"]["token"]]
    assert list((tmp_path / "s").iterdir()) == []


def test_report_when_sent_through_a_log_then_it_comes_back_the_same() -> None:
    log = f"started\n{doctor.told(report())}\nended\n"
    assert doctor.heard(log) == report()
    assert Report.parse(json.loads(json.dumps(report().to_json()))) == report()


def test_log_when_it_holds_no_report_then_its_end_is_told() -> None:
    with pytest.raises(ClusterError, match="No module named frlib"):
        doctor.heard("a\nb\nNo module named frlib\n")


def test_log_when_the_report_is_of_another_frlib_then_says_so() -> None:
    told = {**report().to_json(), "weather": "fine"}
    for text in (json.dumps(told), json.dumps({"asked": {}}), "{"):
        with pytest.raises(ClusterError, match="the frlib there is another one"):
            doctor.heard(f"{doctor.MARK}{text}\n")


def test_here_when_the_store_is_named_by_no_uri_then_the_check_says_so() -> None:
    found = doctor.here(Asked(store="nowhere://u:p4ss@x"))
    refused = found.here["store"]["refused"]
    assert "names no store" in refused and "s3://bucket/path" in refused and "p4ss" not in refused


def test_here_when_it_is_interrupted_then_nothing_is_left_in_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(asked: Asked, seen: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(examine, "again", interrupted)
    with pytest.raises(KeyboardInterrupt):
        doctor.here(Asked(store=str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_check_when_it_hangs_then_the_others_answer_within_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    never = threading.Event()

    def hang(asked: Asked) -> dict[str, object]:
        never.wait(60)
        return {}

    monkeypatch.setattr(data, "look", hang)
    began = time.monotonic()
    found = examine.facts(Asked(patience_s=2.0))
    never.set()
    assert time.monotonic() - began < 30
    assert found["data"] == {"problem": "did not come back within 2 s"}
    assert "problem" not in found["versions"]


def test_check_when_it_raises_then_the_error_is_its_answer_without_passwords(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(asked: Asked) -> dict[str, object]:
        raise RuntimeError("cannot open s3://AK:SK@bucket/x")

    monkeypatch.setattr(data, "look", fail)
    found = examine.facts(Asked())["data"]
    assert found == {"problem": "RuntimeError: cannot open s3://***@bucket/x"}


def test_store_when_relative_or_closed_then_it_refuses(tmp_path: Path) -> None:
    assert "relative" in str(store.look(Asked(store="frlib-store"))["refused"])
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert store.look(Asked(store=str(blocked)))["refused"]


def test_token_when_in_a_folder_or_behind_a_uri_then_it_is_written_read_and_removed(
    tmp_path: Path,
) -> None:
    for place in (str(tmp_path / "a"), (tmp_path / "b").as_uri()):
        token.write(place, "m", "one", "x")
        token.write(place, "m", "two", "y")
        token.write(place, "other", "three", "z")
        assert token.read(place, "m") == {"one": "x", "two": "y"}
        token.remove(place, "m")
        token.remove(place, "m")
        assert token.read(place, "m") == {}
        assert token.read(place, "other") == {"three": "z"}


def test_data_when_looked_at_then_file_folder_and_nothing_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.rec").write_bytes(b"12345")
    places = (str(tmp_path), str(tmp_path / "a.rec"), str(tmp_path / "b"), "s3://u:p@b/x")
    folder, file, missing, secret = data.look(Asked(data=places)).values()
    assert folder == "folder 1 a.rec … a.rec"
    assert file == "file 5"
    assert "No such file" in str(missing)
    assert "s3://***@b/x" in str(secret)


def test_tracking_when_nothing_listens_then_it_says_so_without_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:p4ss@127.0.0.1:9")
    found = tracking.look(Asked())
    assert found["uri"] == "http://***@127.0.0.1:9"
    assert "does not answer" in str(found["answer"]) and "p4ss" not in str(found)


def test_auth_when_the_token_is_open_to_others_then_it_is_seen_and_never_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from frlib.doctor.checks import auth

    path = tmp_path / "token"
    path.write_text("p4ss")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(path))
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    path.chmod(stat.S_IRUSR | stat.S_IRGRP)
    assert auth.look(Asked()) == {"source": str(path), "others_read_it": True, "file": str(path)}
    path.chmod(stat.S_IRUSR)
    assert not auth.look(Asked())["others_read_it"]


def test_room_when_looked_at_then_it_is_that_of_the_file_system(tmp_path: Path) -> None:
    found = room.look(Asked(store=str(tmp_path / "not" / "yet")))
    there = os.statvfs(tmp_path)
    assert float(found["store"]) == pytest.approx(there.f_bavail * there.f_frsize / 2**30, rel=0.05)
