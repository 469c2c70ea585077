import json
import shlex
from pathlib import Path

import pytest

from frlib.core.errors import ClusterError, ConfigError
from frlib.launch import submit
from frlib.rayrun.jobs import Job

RUNNING = Job(
    id="frlib-smoke-1",
    status="RUNNING",
    exit_code=None,
    message="",
    metadata={"frlib.study": "smoke", "frlib.store": "/nfs/frlib", "frlib.user": "ada"},
    entrypoint="",
    started=0.0,
    ended=None,
)


def submission(**changed: object) -> submit.Submission:
    told = {
        "id": "frlib-smoke-2",
        "entrypoint": submit.entrypoint("python", "smoke", ["a.b='x y'"], "/nfs/frlib", "", []),
        "address": "http://head:8265",
        "working_dir": Path("/w d"),
        "env": {"A": "b c"},
        "metadata": {"frlib.study": "smoke", "frlib.store": "/nfs/frlib"},
        "reserved": {"trial_slot": 1.0},
    }
    return submit.Submission(**(told | changed))  # type: ignore[arg-type]


def test_command_when_read_by_a_shell_then_it_is_the_call_that_is_made() -> None:
    sending = submission()
    first, *words = shlex.split(sending.command())
    assert first == "RAY_API_SERVER_ADDRESS=http://head:8265"
    cut = words.index("--")
    options = dict(zip(words[3:cut:2], words[4:cut:2], strict=True))
    call = sending.words()
    assert words[:3] == ["ray", "job", "submit"]
    assert options["--submission-id"] == call["submission_id"]
    assert shlex.join(words[cut + 1 :]) == call["entrypoint"]
    env = json.loads(options["--runtime-env-json"]) | {"working_dir": options["--working-dir"]}
    assert env == call["runtime_env"]
    assert json.loads(options["--metadata-json"]) == call["metadata"]
    assert json.loads(options["--entrypoint-resources"]) == call["entrypoint_resources"]
    assert call["entrypoint_num_cpus"] is None and "--entrypoint-num-cpus" not in options


def test_job_id_when_asked_for_twice_then_they_differ() -> None:
    assert submit.job_id("smoke", 0.0) != submit.job_id("smoke", 0.0)


def test_store_when_relative_then_it_is_refused_and_a_uri_is_not() -> None:
    with pytest.raises(ConfigError, match="thrown away"):
        submit.entrypoint("python", "smoke", [], "frlib-store", "", [])
    assert "s3://b/frlib" in submit.entrypoint("python", "smoke", [], "s3://b/frlib", "", [])


def test_secret_when_sent_by_any_way_then_it_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "p4ss")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for given in ("AWS_SECRET_ACCESS_KEY", "MY_TOKEN=p4ss", "URL=http://u:p4ss@h"):
        with pytest.raises(ConfigError) as caught:
            submit.sent([given], 60)
        assert "p4ss" not in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        submit.entrypoint("python", "smoke", ["a=s3://k:p4ss@b/x"], "/s", "", [])
    assert "p4ss" not in str(caught.value)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://u:p4ss@h")
    with pytest.raises(ConfigError, match=r"MLFLOW_TRACKING_PASSWORD") as caught:
        submit.sent([], 60)
    assert "p4ss" not in str(caught.value)


def test_variables_when_named_or_given_then_both_go_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    monkeypatch.setenv("NCCL_DEBUG", "INFO")
    found = submit.sent(["NCCL_DEBUG", "A=1"], 60)
    assert found.pop("FRLIB_COMMIT", "").removesuffix("+changed").isalnum()
    assert found == {
        "RAY_JOB_STOP_WAIT_TIME_S": "60",
        "MLFLOW_TRACKING_URI": "http://mlflow:5000",
        "NCCL_DEBUG": "INFO",
        "A": "1",
    }
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:5000")
    assert "MLFLOW_TRACKING_URI" not in submit.sent([], 60), "the head's own is meant"
    for wrong in ("NOT_SET_ANYWHERE", "a b=1"):
        with pytest.raises(ConfigError, match="--env"):
            submit.sent([wrong], 60)


def test_study_when_a_file_then_it_is_named_by_its_path_in_the_working_folder(
    tmp_path: Path,
) -> None:
    assert submit.inside("smoke", tmp_path) == "smoke"
    assert submit.inside(str(tmp_path / "my" / "own.py"), tmp_path) == "my/own.py"
    with pytest.raises(ConfigError, match="would not go along"):
        submit.inside(str(tmp_path / "own.py"), tmp_path / "elsewhere")


def test_reserved_when_no_number_then_it_says_what_is_expected() -> None:
    assert submit.reserved(["trial_slot=1", "big=0.5"]) == {"trial_slot": 1.0, "big": 0.5}
    with pytest.raises(ConfigError, match="NAME=NUMBER"):
        submit.reserved(["trial_slot"])


def test_alone_when_the_study_runs_from_the_same_store_then_it_is_refused() -> None:
    sending = submission()
    with pytest.raises(ClusterError, match=r"of ada\) has this study"):
        submit.require_alone(sending, [RUNNING])
    over = Job(**{**vars(RUNNING), "status": "FAILED"})
    submit.require_alone(sending, [over])
    elsewhere = submission(metadata={"frlib.study": "smoke", "frlib.store": "/other"})
    submit.require_alone(elsewhere, [RUNNING])


def test_room_when_the_folder_is_too_large_then_it_is_refused_before_it_is_sent() -> None:
    submit.require_room(99, 100)
    with pytest.raises(ConfigError, match="--exclude"):
        submit.require_room(100, 100)
