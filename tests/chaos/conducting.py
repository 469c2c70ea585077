"""A study on a cluster, with a list of things that happen to it, against a quiet run of it."""

import importlib
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from frlib.core.seeds import stream
from tests.chaos import injections
from tests.chaos.account import Account, put_down, repeated, twice
from tests.chaos.cluster import Raylets, gone
from tests.chaos.scene import Scene
from tests.integration import interrupting

GONE_S = 60.0


def conduct(
    name: str,
    what: Sequence[str],
    cluster: Raylets,
    quiet: Path,
    store: Path,
    sets: Sequence[str],
    monkeypatch: pytest.MonkeyPatch,
    seed: int = 0,
) -> Account:
    """Do all of `what` in order, let the study finish, and take stock.

    quiet: a store with the same study, undisturbed.
    """
    scene = Scene(cluster, store, sets, stream(seed, "chaos", name))
    began = time.monotonic()
    try:
        scene.run()
        for one in what:
            if not scene.is_over:
                importlib.import_module(f"{injections.__name__}.{one}").inject(scene)
        scene.finish()
    finally:
        scene.close()
    left = gone(lambda: [*cluster.orphans(), *cluster.runs()], GONE_S)
    groups = gone(cluster.groups, GONE_S)
    found = interrupting.records(store)
    again = repeated(found)
    return Account(
        name=name,
        seconds=time.monotonic() - began,
        drivers=scene.drivers,
        runs=len(set(interrupting.complete(found))),
        attempts=len(found.attempts),
        again=max(again, default=0),
        again_all=sum(again),
        noticed_s=tuple(put_down(found, scene.events)),
        twice=twice(found),
        orphans=tuple(left),
        groups=tuple(groups),
        is_equal=is_equal(quiet, store, monkeypatch),
        events=tuple(scene.events),
    )


def is_equal(quiet: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Complete runs, every number of every epoch, and the files of the tables, bit for bit."""
    wanted, found = interrupting.records(quiet), interrupting.records(store)
    return (
        interrupting.complete(found) == interrupting.complete(wanted)
        and interrupting.course(found) == interrupting.course(wanted)
        and interrupting.tables(store, monkeypatch) == interrupting.tables(quiet, monkeypatch)
    )


def check(account: Account) -> None:
    """What has to be true whatever happened. Checkpoints are an epoch apart."""
    print(account)
    assert account.is_equal, "records differ from those of a quiet run"
    assert not account.twice
    assert not account.orphans and not account.groups
    assert account.again <= 1, "more than a checkpoint interval was lost"
    assert all(s < 30 for s in account.noticed_s)
