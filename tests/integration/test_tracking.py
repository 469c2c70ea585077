"""What an outage of the tracking server costs: time of nobody, and no record."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from frlib.core.errors import TrackingError
from frlib.records import read
from frlib.track.background import Background
from frlib.track.check import check
from frlib.track.mirror import Mirror
from tests.integration.tracking import (
    MlflowServer,
    SlowProxy,
    declared,
    free_port,
    train,
    until,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*noload.*loader strategy is deprecated"),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MlflowServer]:
    found = MlflowServer(tmp_path / "server")
    yield found
    found.kill()


def account(folder: Path, uri: str, what: str) -> None:
    """Prints what was lost, which is nothing."""
    found = check(folder, uri, ended=True, every_point=True)
    points = len(read.load(folder).metrics)
    print(f"{what}: {points} points on record, differences on the server: {found or 'none'}")
    assert found == []


def test_outage_when_down_at_the_start_and_killed_in_the_middle_then_nothing_is_lost(
    server: MlflowServer, tmp_path: Path
) -> None:
    folder = declared(tmp_path, "outage", arms=4)
    background = Background(Mirror(folder, server.uri), every_s=0.2)
    train(folder, 0, epochs=4, pause_s=0.1)
    until(lambda: background.error is not None, 30, "the mirror has noticed")
    server.start()
    until(lambda: background.error is None, 90, "the mirror has caught up")
    training = threading.Thread(
        target=lambda: [train(folder, k, epochs=8, pause_s=0.2) for k in (1, 2, 3)]
    )
    training.start()
    server.kill()
    until(lambda: background.error is not None, 30, "the mirror has noticed")
    training.join()
    server.start()
    until(lambda: background.error is None, 90, "the mirror has caught up")
    assert background.close() is None
    account(folder, server.uri, "down at the start, killed in the middle")


def test_outage_when_it_lasts_to_the_end_then_a_later_sync_sends_all(
    server: MlflowServer, tmp_path: Path
) -> None:
    folder = declared(tmp_path, "away", arms=1)
    background = Background(Mirror(folder, f"http://127.0.0.1:{free_port()}"), every_s=0.1)
    train(folder, 0, epochs=2, pause_s=0.1)
    assert isinstance(background.close(), TrackingError)
    server.start()
    Mirror(folder, server.uri).sync()
    account(folder, server.uri, "away to the end, synced later")


def test_outage_when_every_answer_takes_ten_seconds_then_it_is_patient(
    server: MlflowServer, tmp_path: Path
) -> None:
    folder = declared(tmp_path, "slow", arms=1)
    server.start()
    proxy = SlowProxy(server.port, 10.0)
    background = Background(Mirror(folder, proxy.uri), every_s=0.2)
    train(folder, 0, epochs=4, pause_s=0.5)
    until(lambda: proxy.requests >= 3, 120, "some answers have come")
    assert background.error is None
    proxy.delay_s = 0.0
    assert background.close() is None
    proxy.close()
    account(folder, server.uri, "answers after 10 s")


def test_outage_when_the_disk_of_the_server_is_full_then_it_goes_on_when_there_is_room(
    server: MlflowServer, tmp_path: Path
) -> None:
    server.start()
    folder = declared(tmp_path, "full", arms=3)
    background = Background(Mirror(folder, server.uri), every_s=0.2)
    train(folder, 0, epochs=3, pause_s=0.1)
    server.refill(0)
    train(folder, 1, epochs=3, pause_s=0.1)
    until(lambda: background.error is not None, 60, "the mirror has noticed")
    train(folder, 2, epochs=3, pause_s=0.1)
    server.refill(1 << 40)
    until(lambda: background.error is None, 120, "the mirror has caught up")
    assert background.close() is None
    account(folder, server.uri, "disk full")


def test_outage_when_artefacts_cannot_be_stored_then_numbers_are_there_all_the_same(
    server: MlflowServer, tmp_path: Path
) -> None:
    server.start()
    folder = declared(tmp_path, "files", arms=1)
    blocked = server.folder / "artifacts"
    shutil.rmtree(blocked, ignore_errors=True)
    blocked.write_text("a file where a folder is needed")
    train(folder, 0, epochs=3, pause_s=0)
    mirror = Mirror(folder, server.uri)
    with pytest.raises(TrackingError, match="track sync"):
        mirror.sync()
    found = check(folder, server.uri, ended=True, every_point=True)
    assert found, "files are missing"
    assert all("record files" in text or "frlib.synced" in text for text in found)
    blocked.unlink()
    mirror.sync()
    account(folder, server.uri, "no room for artefacts")


def test_sync_when_a_study_has_100_runs_then_calls_stay_few(
    server: MlflowServer, tmp_path: Path
) -> None:
    server.start()
    folder = declared(tmp_path, "hundred", arms=100)
    for number in range(100):
        train(folder, number, epochs=20, pause_s=0, metrics=30)
    proxy = SlowProxy(server.port, 0.0)
    Mirror(folder, proxy.uri).sync()
    first = proxy.requests
    Mirror(folder, proxy.uri).sync()
    proxy.close()
    print(f"100 runs, 62,000 points: {first} calls; again: {proxy.requests - first}")
    assert first <= 1900
    assert proxy.requests - first <= 5
    assert check(folder, server.uri, ended=True) == []


def test_sync_when_postgresql_is_behind_the_server_then_nothing_is_lost(tmp_path: Path) -> None:
    path = os.environ.get("FRLIB_PSYCOPG2", "")
    found = subprocess.run(
        [sys.executable, "-c", "import psycopg2"], env=os.environ | {"PYTHONPATH": path}
    )
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are not on the PATH")
    if found.returncode:
        pytest.skip("needs psycopg2 (pip install psycopg2-binary, or FRLIB_PSYCOPG2=its folder)")
    account_of = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    home = tmp_path / "postgres"
    home.mkdir()
    if account_of:
        shutil.chown(home, **account_of)
        for parent in [tmp_path, *tmp_path.parents][:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
    port = free_port()
    data = str(home / "data")
    subprocess.run(
        ["initdb", "-D", data, "-U", "frlib", "-A", "trust"], check=True, cwd=home, **account_of
    )
    control = ["pg_ctl", "-D", data, "-w", "-l", str(home / "log")]
    options = ["-o", f"-p {port} -k {home} -h 127.0.0.1 -F"]
    subprocess.run([*control, *options, "start"], check=True, cwd=home, **account_of)
    backend = f"postgresql+psycopg2://frlib@127.0.0.1:{port}/postgres"
    server = MlflowServer(tmp_path / "server", backend=backend, path=path)
    try:
        server.start()
        folder = declared(tmp_path, "postgres", arms=3)
        background = Background(Mirror(folder, server.uri), every_s=0.2)
        train(folder, 0, epochs=4, pause_s=0.2)
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd=home, **account_of)
        train(folder, 1, epochs=4, pause_s=0.2)
        until(lambda: background.error is not None, 60, "the mirror has noticed")
        subprocess.run([*control, *options, "start"], check=True, cwd=home, **account_of)
        train(folder, 2, epochs=4, pause_s=0.2)
        until(lambda: background.error is None, 120, "the mirror has caught up")
        assert background.close() is None
        account(folder, server.uri, "PostgreSQL killed in the middle")
    finally:
        server.kill()
        subprocess.run([*control, "-m", "immediate", "stop"], cwd=home, **account_of)
