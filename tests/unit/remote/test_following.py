import time
from pathlib import Path

import pytest

from frlib.core import safeio
from frlib.remote import following as module
from frlib.remote.following import following
from frlib.study import driver
from tests.unit.remote.faulty import Machines


def _wait_for(path: Path) -> None:
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end, path
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STOP_S", 0.1)
    monkeypatch.setattr(module, "_LEAST_S", 0.2)


def test_following_when_others_record_and_ask_to_stop_then_it_comes_here(
    machines: Machines,
) -> None:
    one, other = machines.copy("a"), machines.copy("b")
    study = one.folder / "studies" / "mini"
    study.mkdir(parents=True)
    with driver.Driving(study) as driving, following(study):
        safeio.write_text(other.folder / "studies/mini/arms/3f/arm.json", "{}")
        other.flush()
        _wait_for(study / "arms" / "3f" / "arm.json")
        one.flush()
        other.bring(other.folder / "studies" / "mini")
        driver.ask_to_stop(other.folder / "studies" / "mini")
        other.flush()
        end = time.monotonic() + 30
        while not driving.stopping():
            assert time.monotonic() < end
            time.sleep(0.05)
    one.flush()
    assert machines.stored() == ["studies/mini/arms/3f/arm.json"]


def test_following_when_the_journal_grows_then_it_is_sent(machines: Machines) -> None:
    copy = machines.copy("a")
    study = copy.folder / "studies" / "mini"
    study.mkdir(parents=True)
    with following(study):
        (study / "optuna.journal").write_text("one\n")
        _wait_for(machines.root / "bucket/store/studies/mini/optuna.journal")
        (study / "optuna.journal").write_text("one\ntwo\n")
    copy.flush()
    assert machines.content("studies/mini/optuna.journal") == "one\ntwo\n"


def test_following_when_the_store_is_away_then_it_goes_on_afterwards(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRLIB_STORE_PATIENCE_S", "0.3")
    one, other = machines.copy("a"), machines.copy("b")
    study = one.folder / "studies" / "mini"
    study.mkdir(parents=True)
    safeio.write_text(other.folder / "studies/mini/arms/3f/arm.json", "{}")
    other.flush()
    with machines.far.away(), following(study):
        time.sleep(1.0)
    assert not (study / "arms").exists()
    with following(study):
        _wait_for(study / "arms" / "3f" / "arm.json")


def test_following_when_the_folder_is_plain_then_nothing_is_started(tmp_path: Path) -> None:
    import threading

    before = threading.active_count()
    with following(tmp_path):
        assert threading.active_count() == before


def test_following_when_the_journal_stays_as_it_is_then_it_is_sent_once(
    machines: Machines,
) -> None:
    copy = machines.copy("a")
    study = copy.folder / "studies" / "mini"
    study.mkdir(parents=True)
    with following(study):
        (study / "optuna.journal").write_text("one\n")
        _wait_for(machines.root / "bucket/store/studies/mini/optuna.journal")
        time.sleep(1.5)
    copy.flush()
    assert machines.far.names("move") == ["optuna.journal"] * 2, "while it runs, and at its end"
