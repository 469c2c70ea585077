"""A canary in every secret of the environment: it is in no record, database, log or output.

Studies run as users run them, one that ends well beside a tracking server, one whose runs fail
beside a server that is away, Ray's own logs included; then every file is searched, compressed
tables too.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.integration.command import frlib
from tests.integration.tracking import MlflowServer, free_port

CANARY = "canary-7f3a91c2d4"
SECRETS = (
    *("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "HF_TOKEN"),
    *("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_USERNAME", "RAY_AUTH_TOKEN", "PGPASSWORD"),
    *("WANDB_API_KEY", "OPTUNA_STORAGE_PASSWORD", "DATABASE_URL"),
)
ENVIRONMENT = {name: f"{CANARY}-{number}" for number, name in enumerate(SECRETS)} | {
    "DATABASE_URL": f"postgresql://frlib:{CANARY}@db/optuna",
    "RAY_AUTH_MODE": "disabled",
}
STUDY = "tests/integration/mini.py"
SHORT = ("--set", "replicates.seeds=[0]", "--set", "search.arms_per_cell=1")


@pytest.fixture
def ray_logs() -> Iterator[Path]:
    """A folder for all that Ray writes; its paths must be short."""
    folder = Path(tempfile.mkdtemp(prefix="fr", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def found(folder: Path) -> list[str]:
    """Files with the canary in their bytes, their names, or the cells of a table."""
    bad = []
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        text = path.read_bytes()
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            text += json.dumps(table.to_pylist(), default=str).encode()
            text += str(table.schema.metadata).encode()
        if CANARY.encode() in text or CANARY in str(path):
            bad.append(str(path.relative_to(folder)))
    return bad


@pytest.mark.ray
@pytest.mark.slow
def test_study_when_secrets_are_set_then_they_are_in_nothing_that_it_leaves(
    tmp_path: Path, ray_logs: Path
) -> None:
    server = MlflowServer(tmp_path / "server")
    server.start()
    own = ENVIRONMENT | {
        "MLFLOW_TRACKING_URI": server.uri.replace("://", f"://frlib:{CANARY}@"),
        "RAY_TMPDIR": str(ray_logs),
    }
    try:
        good = frlib("study", "run", STUDY, "--store", str(tmp_path / "good"), *SHORT, **own)
        checked = frlib("track", "check", "mini", "--store", str(tmp_path / "good"), **own)
    finally:
        server.kill()
    assert good.returncode == 0, good.stderr.replace(CANARY, "CANARY")
    assert checked.returncode == 0, checked.stdout.replace(CANARY, "CANARY")
    assert "://***@127.0.0.1" in good.stdout and "has every record of mini" in checked.stdout
    away = own | {"MLFLOW_TRACKING_URI": f"http://frlib:{CANARY}@127.0.0.1:{free_port()}"}
    fails = ("--set", "base.optimiser.lr=1e38")
    bad = frlib("study", "run", STUDY, "--store", str(tmp_path / "bad"), *SHORT, *fails, **away)
    assert bad.returncode == 3, bad.stderr.replace(CANARY, "CANARY")
    assert "://***@127.0.0.1" in bad.stdout + bad.stderr
    printed = "".join(one.stdout + one.stderr for one in (good, checked, bad))
    assert CANARY not in printed
    assert len(list(ray_logs.rglob("*.log"))) > 0
    assert {str(top): found(top) for top in (tmp_path, ray_logs)} == {
        str(tmp_path): [],
        str(ray_logs): [],
    }


def test_cluster_when_secrets_are_set_then_doctor_and_submit_name_them_and_no_more(
    tmp_path: Path,
) -> None:
    own = ENVIRONMENT | {"MLFLOW_TRACKING_URI": f"http://u:{CANARY}@mlflow:{free_port()}"}
    names = [word for name in SECRETS for word in ("--secret", name)]
    place = ("--store", str(tmp_path))
    doctor = frlib("cluster", "doctor", *place, *names, "--json", **own)
    refused = frlib("cluster", "submit", "smoke", *place, *names, "--dry", **own)
    own |= {"MLFLOW_TRACKING_URI": "http://mlflow:5000"}
    shown = frlib("cluster", "submit", "smoke", *place, *names, "--dry", **own)
    sent = frlib("cluster", "submit", "smoke", *place, "--env", "HF_TOKEN", "--dry", **own)
    assert (doctor.returncode, shown.returncode) == (0, 0), shown.stderr
    assert (refused.returncode, sent.returncode) == (2, 2)
    assert "MLFLOW_TRACKING_PASSWORD" in refused.stderr and "--secret HF_TOKEN" in sent.stderr
    for one in (doctor, refused, shown, sent):
        assert CANARY not in one.stdout + one.stderr
    assert all(name in shown.stdout for name in SECRETS)
    assert json.loads(doctor.stdout)["here"]["secret_names"] == dict.fromkeys(SECRETS, True)
    assert found(tmp_path) == []
