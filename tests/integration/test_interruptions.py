"""Drivers killed at random moments: what is on record in the end is as if nobody had."""

import shutil
import time
from collections import Counter
from pathlib import Path

import pytest

from frlib.core.seeds import stream
from frlib.records import layout
from tests.integration import interrupting

pytestmark = [pytest.mark.ray, pytest.mark.timeout(7200)]
MANY = pytest.param(20, marks=pytest.mark.slow)
LONG = ("base.epochs=24",)
"""For so many kills: otherwise the study is finished before."""
TPE = ("search.sampler=tpe", "search.sampler.startup=3")
FEW = (*TPE, "search.arms_per_cell=2", "replicates.seeds=[0]")
"""Two arms in each of two cells, one run each."""
ONE = ("resources.concurrent_arms=1",)
_GONE_S = 60.0


def _sets(kills: int) -> tuple[str, ...]:
    return LONG if kills > 3 else ()


def _told(name: str, kills: list[interrupting.Kill], began: float) -> None:
    epochs = sum(kill.epochs for kill in kills)
    print(
        f"{name}: {len(kills)} kills after {min(k.seconds for k in kills):.1f} to "
        f"{max(k.seconds for k in kills):.1f} s, {epochs} epochs between them; "
        f"{time.monotonic() - began:.0f} s in all"
    )


@pytest.mark.parametrize("kills", [2, MANY])
def test_grid_when_its_driver_is_killed_then_records_and_tables_are_those_of_a_quiet_run(
    kills: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, disturbed, began = tmp_path / "quiet", tmp_path / "disturbed", time.monotonic()
    interrupting.finished(quiet, _sets(kills))
    hits = interrupting.killed(disturbed, _sets(kills), kills, "grid")
    assert len(hits) == kills
    interrupting.finished(disturbed, _sets(kills))
    wanted, found = interrupting.records(quiet), interrupting.records(disturbed)
    assert interrupting.complete(found) == interrupting.complete(wanted)
    assert interrupting.course(found) == interrupting.course(wanted)
    wanted_tables = interrupting.tables(quiet, monkeypatch)
    assert len(wanted_tables) == 4
    assert interrupting.tables(disturbed, monkeypatch) == wanted_tables
    end = time.monotonic() + _GONE_S
    while any(left := [line for kill in hits for line in interrupting.left(kill)]):
        assert time.monotonic() < end, left
        time.sleep(0.5)
    _told("grid", hits, began)


@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, 20])
def test_search_one_at_a_time_when_its_driver_is_killed_then_finds_the_same_arms(
    kills: int, tmp_path: Path
) -> None:
    sets = (*TPE, *ONE, *_sets(kills))
    quiet, disturbed, began = tmp_path / "quiet", tmp_path / "disturbed", time.monotonic()
    interrupting.finished(quiet, sets)
    hits = interrupting.killed(disturbed, sets, kills, "one at a time")
    assert len(hits) == kills
    interrupting.finished(disturbed, sets)
    wanted, found = interrupting.records(quiet), interrupting.records(disturbed)
    assert interrupting.complete(found) == interrupting.complete(wanted)
    assert interrupting.course(found) == interrupting.course(wanted)
    _told("one at a time", hits, began)


@pytest.mark.slow
@pytest.mark.parametrize("kills", [3, 20])
def test_search_two_at_a_time_when_its_driver_is_killed_then_loses_and_repeats_nothing(
    kills: int, tmp_path: Path
) -> None:
    sets = (*TPE, *_sets(kills))
    store = tmp_path / "store"
    began, seen, hits = time.monotonic(), set[str](), list[interrupting.Kill]()
    rng = stream(0, "kills", "two at a time")
    while len(hits) < kills and (kill := interrupting.once(store, sets, rng)) is not None:
        hits.append(kill)
        seen |= {a.name for a in layout.arm_folders(layout.study_folder(store, "interrupted"))}
    interrupting.finished(store, sets)
    found = interrupting.records(store)
    assert seen <= {arm.digest for arm in found.arm_list}
    assert {arm.status for arm in found.arm_list} == {"complete"}
    assert set(Counter(arm.cell_key for arm in found.arm_list).values()) == {4}
    assert len(interrupting.complete(found)) == len(set(interrupting.complete(found))) == 8 * 2
    _told("two at a time", hits, began)


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose driver was killed while two runs were under way."""
    store = tmp_path_factory.mktemp("cut off") / "store"
    assert interrupting.hit(store, FEW, 6, 0.0) is not None
    return store


def _running(store: Path) -> Path:
    """The folder of an attempt that never ended, with parts of its metrics."""
    attempts = interrupting.records(store).attempts
    return next(one.folder for one in attempts if one.status == "running" and _parts(one.folder))


def _parts(attempt: Path) -> list[Path]:
    return layout.parts(attempt, "metrics")


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.slow
@pytest.mark.parametrize("what", ["part", "run.json"])
def test_run_when_a_file_of_an_unfinished_attempt_is_half_then_sets_it_aside_and_goes_on(
    what: str, cut_off: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(cut_off, store)
    attempt = _running(store)
    damaged = _parts(attempt)[-1] if what == "part" else attempt / "run.json"
    _halve(damaged)
    interrupting.finished(store, FEW)
    done = interrupting.complete(interrupting.records(store))
    assert len(done) == len(set(done)) == 4
    assert damaged.parent.with_name(f"damaged-{damaged.parent.name}").is_dir()
    assert not attempt.exists()


@pytest.mark.slow
def test_run_when_the_journal_is_torn_then_it_is_set_aside_and_nothing_is_repeated(
    cut_off: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(cut_off, store)
    journal = layout.study_folder(store, interrupting.NAME) / "optuna.journal"
    journal.write_bytes(journal.read_bytes()[:-30])
    before = {arm.digest for arm in interrupting.records(store).arm_list}
    interrupting.finished(store, FEW)
    assert len(list(journal.parent.glob("optuna.journal.damaged-*"))) == 1
    found = interrupting.records(store)
    done = interrupting.complete(found)
    assert before <= {arm.digest for arm in found.arm_list}
    assert len(done) == len(set(done)) == 4
