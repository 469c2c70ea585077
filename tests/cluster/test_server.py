"""The MLflow server as its manifest starts it, on this machine: PostgreSQL and S3 behind it.

Needs PostgreSQL's `initdb` and `postgres`, and psycopg2 (or FRLIB_PSYCOPG2, its folder).
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from tests.cluster import places
from tests.integration.tracking import free_port

pytestmark = pytest.mark.slow
PASSWORD = "0123456789abcdef"
BUCKET = "frlib-mlflow"


def _until(done: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 180
    while not done():
        assert process.poll() is None and time.monotonic() < end, process.args
        time.sleep(0.5)


def _answer(uri: str, host: str = "frlib-mlflow:5000", **request: Any) -> tuple[int, bytes]:
    """(code, body); code 0 while nobody listens."""
    try:
        with urlopen(Request(uri, headers={"Host": host}, **request), timeout=30) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, b""
    except URLError:
        return 0, b""


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[int]:
    """Its port; it asks for a password."""
    initdb, program = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or program is None:
        pytest.skip("PostgreSQL's initdb and postgres are not on the PATH")
    as_user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    home = tmp_path / "postgres"
    home.mkdir()
    (home / "password").write_text(PASSWORD)
    if as_user:
        for path in (home, home / "password"):
            shutil.chown(path, **as_user)
        for parent in [tmp_path, *tmp_path.parents][:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
    data, port = str(home / "data"), free_port()
    secret = ["--pwfile", str(home / "password"), "--auth", "scram-sha-256"]
    subprocess.run([initdb, "-D", data, "-U", "mlflow", *secret], check=True, cwd=home, **as_user)
    command = [program, "-D", data, "-p", str(port), "-k", str(home), "-h", "127.0.0.1"]
    with subprocess.Popen(command, cwd=home, **as_user) as process:
        yield port
        process.terminate()


@pytest.fixture
def objects() -> Iterator[str]:
    """The address of an S3 server that has the bucket."""
    pytest.importorskip("moto")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command) as process:
        _until(lambda: _answer(f"{address}/moto-api/")[0] == 200, process)
        assert _answer(f"{address}/{BUCKET}", "127.0.0.1", method="PUT")[0] == 200
        yield address
        process.terminate()


def test_server_when_started_as_in_its_manifest_then_serves_its_name_and_keeps_the_password(
    postgres: int, objects: str, tmp_path: Path
) -> None:
    path = os.environ.get("FRLIB_PSYCOPG2", "")
    connect = (
        f"import psycopg2; c = psycopg2.connect(host='127.0.0.1', port={postgres}, user='mlflow',"
        " dbname='postgres'); c.autocommit = True; c.cursor().execute('create database mlflow')"
    )
    own = {"PYTHONPATH": path, "PGPASSWORD": PASSWORD, "AWS_ACCESS_KEY_ID": "key"}
    own |= {"AWS_SECRET_ACCESS_KEY": PASSWORD, "MLFLOW_S3_ENDPOINT_URL": objects}
    if subprocess.run([sys.executable, "-c", "import psycopg2"], env=os.environ | own).returncode:
        pytest.skip("needs psycopg2 (pip install psycopg2-binary, or FRLIB_PSYCOPG2=its folder)")
    _until_run(connect, os.environ | own)
    (server,) = places.chosen(places.build(places.CLUSTER / "mlflow"), {"kind": "Deployment"})
    (container,) = server["spec"]["template"]["spec"]["containers"]
    given = {one["name"]: one["value"] for one in container["env"] if "value" in one}
    port = free_port()
    here = {
        "--host=0.0.0.0": "--host=127.0.0.1",
        "--port=5000": f"--port={port}",
        "frlib-postgres:5432": f"127.0.0.1:{postgres}",
    }
    arguments = [*container["command"], *container["args"]]
    for manifest, local in here.items():
        assert any(manifest in one for one in arguments)
        arguments = [one.replace(manifest, local) for one in arguments]
    arguments[0] = str(Path(sys.executable).with_name("mlflow"))
    uri = f"http://127.0.0.1:{port}"
    with subprocess.Popen(arguments, env=os.environ | given | own, cwd=tmp_path) as process:
        try:
            _until(lambda: _answer(f"{uri}/health")[0] == 200, process)
            asked = f"{uri}/api/2.0/mlflow/experiments/get?experiment_id=0"
            assert _answer(asked)[0] == 200
            assert _answer(asked, "elsewhere.example")[0] == 403
            artefact = f"{uri}/api/2.0/mlflow-artifacts/artifacts/0/run/note.txt"
            assert _answer(artefact, method="PUT", data=b"a note")[0] == 200
            assert _answer(artefact) == (200, b"a note")
            listed = _answer(f"{objects}/{BUCKET}?list-type=2", "127.0.0.1")[1]
            assert b"artifacts/0/run/note.txt" in listed
            assert PASSWORD.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
        finally:
            process.terminate()


def _until_run(program: str, environment: dict[str, str]) -> None:
    for _ in range(60):
        if not subprocess.run([sys.executable, "-c", program], env=environment).returncode:
            return
        time.sleep(1)
    raise AssertionError("PostgreSQL did not answer within a minute")
