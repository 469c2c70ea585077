"""On demand (`pytest -m slow tests/chaos`): many things happen to a study, in an order by chance.

FRLIB_CHAOS_SEED     another seed is another order, at other moments (0)
FRLIB_CHAOS_COUNT    how many things happen (8)
FRLIB_CHAOS_KILLS    how often a driver that has its own cluster is killed (50)
FRLIB_CHAOS_ACCOUNT  a folder for the accounts, as JSON (none)
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from frlib.core.seeds import stream
from tests.chaos import injections
from tests.chaos.account import Account, Event, repeated, twice
from tests.chaos.cluster import gone, raylets
from tests.chaos.conducting import GONE_S, check, conduct, is_equal
from tests.chaos.scene import Scene, fillable
from tests.integration import interrupting

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(14400)]
SEED = int(os.environ.get("FRLIB_CHAOS_SEED", "0"))
COUNT = int(os.environ.get("FRLIB_CHAOS_COUNT", "8"))
KILLS = int(os.environ.get("FRLIB_CHAOS_KILLS", "50"))
ACCOUNTS = os.environ.get("FRLIB_CHAOS_ACCOUNT", "")
ONE = ("base.epochs=60", "replicates.seeds=[0]")
TWO = ("base.epochs=40", "search.arms_per_cell=1", "replicates.seeds=[0]", "resources.workers=2")


def _kept(account: Account) -> None:
    if ACCOUNTS:
        account.write(Path(ACCOUNTS))
    check(account)


def _drawn(names: Sequence[str], count: int, name: str) -> list[str]:
    """Every one of them before any comes again."""
    rng, found = stream(SEED, "chaos", name, "order"), list[str]()
    while len(found) < count:
        found += [names[int(at)] for at in rng.permutation(len(names))]
    return found[:count]


def test_study_when_anything_happens_then_records_are_those_of_a_quiet_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, store = tmp_path / "quiet", tmp_path / "store"
    interrupting.finished(quiet, ONE)
    what = _drawn(injections.names(), COUNT, "anything")
    with raylets(nodes=2, **fillable(store)) as cluster:
        _kept(conduct("anything", what, cluster, quiet, store, ONE, monkeypatch, SEED))


def test_runs_of_two_workers_when_nodes_and_processes_go_then_records_are_those_of_a_quiet_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, store = tmp_path / "quiet", tmp_path / "store"
    interrupting.finished(quiet, TWO)
    what = ["spot_notice", "node_death", "process_killed"]
    with raylets(nodes=3, **fillable(store)) as cluster:
        _kept(conduct("two workers", what, cluster, quiet, store, TWO, monkeypatch, SEED))


def test_driver_with_its_own_cluster_when_killed_many_times_then_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, store, sets = tmp_path / "quiet", tmp_path / "store", ("base.epochs=120",)
    interrupting.finished(quiet, sets)
    rng, began, events = stream(SEED, "chaos", "kills"), time.time(), list[Event]()
    hits = []
    while len(hits) < KILLS and (kill := interrupting.once(store, sets, rng)) is not None:
        now = time.time()
        what = f"{kill.seconds:.1f} s after its start, {kill.epochs} epochs"
        events.append(Event(now - began, now, "driver_killed", what))
        hits.append(kill)
    interrupting.finished(store, sets)
    left = gone(lambda: [line for kill in hits for line in interrupting.left(kill)], GONE_S)
    found = interrupting.records(store)
    again = repeated(found)
    account = Account(
        name="kills",
        seconds=time.time() - began,
        drivers=len(hits) + 1,
        runs=len(set(interrupting.complete(found))),
        attempts=len(found.attempts),
        again=max(again, default=0),
        again_all=sum(again),
        noticed_s=(),
        twice=twice(found),
        orphans=tuple(left),
        groups=(),
        is_equal=is_equal(quiet, store, monkeypatch),
        events=tuple(events),
    )
    _kept(account)
    assert len(hits) == KILLS


def test_study_when_memory_is_short_then_says_so_and_goes_on_where_there_is_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet, store = tmp_path / "quiet", tmp_path / "store"
    sets = ("base.epochs=24", "search.arms_per_cell=1")
    interrupting.finished(quiet, sets)
    short = {"RAY_memory_usage_threshold": "0.01", "RAY_memory_monitor_refresh_ms": "8000"}
    with raylets(nodes=1, **fillable(store), **short) as cluster:
        scene = Scene(cluster, store, sets, stream(SEED, "chaos", "memory"))
        try:
            scene.run()
            scene.wait()
            told = scene.printed.read_text()
        finally:
            scene.close()
    assert "needs more memory than its node had left" in told, told
    with raylets(nodes=1, **fillable(store)) as cluster:
        _kept(conduct("memory", [], cluster, quiet, store, sets, monkeypatch, SEED))
