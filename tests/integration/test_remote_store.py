"""A study whose store is a bucket of an S3 server: machines share nothing but its URI.

A machine is a folder of working copies (`FRLIB_WORK`); the nodes of the cluster have one each.
"""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest

from frlib.records.read import Records, load
from tests.chaos.cluster import Raylets, changed, raylets
from tests.integration.command import frlib, started
from tests.integration.interrupting import NAME, STUDY, complete, course
from tests.integration.s3 import KEYS, Server, served

pytestmark = [pytest.mark.ray, pytest.mark.timeout(2400)]
FEW = ("search.arms_per_cell=1", "replicates.seeds=[0]", "base.epochs=3")
Expected = Callable[[tuple[str, ...]], Records]
LONG = ("search.arms_per_cell=2", "replicates.seeds=[0]", "base.epochs=40")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """What a run in a plain folder records, run once for every set of changes."""

    @cache
    def run(sets: tuple[str, ...]) -> Records:
        store = tmp_path_factory.mktemp("folder")
        _done(*_words(str(store), sets))
        return load(store / "studies" / NAME)

    return run


def _words(store: str, sets: tuple[str, ...]) -> list[str]:
    found = ["study", "run", STUDY, "--store", store, "--no-mlflow"]
    return found + [word for one in sets for word in ("--set", one)]


def _machine(folder: Path) -> dict[str, str]:
    return {**KEYS, "FRLIB_WORK": str(folder), "FRLIB_STORE_PATIENCE_S": "300"}


def _done(*words: str, **more: str) -> str:
    result = frlib(*words, **more)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def _copy(machine: Path) -> Path:
    """The folder of the one store that a machine knows."""
    return next(path.parent for path in machine.glob("*/store.json"))


def _study(machine: Path) -> Path:
    return _copy(machine) / "studies" / NAME


def _wait_for(what: Callable[[], object], seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def _require_no_secret(*folders: Path) -> None:
    secret = KEYS["AWS_SECRET_ACCESS_KEY"].encode()
    for folder in folders:
        for path in folder.rglob("*"):
            assert not path.is_file() or secret not in path.read_bytes(), path


def test_run_when_the_store_is_a_bucket_then_records_equal_those_of_a_folder(
    server: Server, tmp_path: Path
) -> None:
    uri, one, other = server.uri("plain"), tmp_path / "one", tmp_path / "other"
    _done(*_words(str(tmp_path / "folder"), FEW))
    printed = _done(*_words(uri, FEW), **_machine(one))
    shown = json.loads(_done("study", "status", NAME, "--store", uri, "--json", **_machine(other)))
    assert shown["driver"] is None and shown["runs_done"] == 2
    assert "0 files" in _done("store", "show", "--store", uri, **_machine(one))
    expected = load(tmp_path / "folder" / "studies" / NAME)
    for machine in (one, other):
        assert course(load(_study(machine))) == course(expected)
        assert complete(load(_study(machine))) == complete(expected)
    assert not list(_study(other).glob("arms/*/r0/model.safetensors"))
    _done("store", "pull", "--store", uri, **_machine(other))
    for path in (tmp_path / "folder").glob("studies/*/arms/*/r0/model.safetensors"):
        name = path.relative_to(tmp_path / "folder")
        assert (_copy(other) / name).read_bytes() == path.read_bytes()
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in printed
    _require_no_secret(one, other)


def test_run_when_there_is_no_such_bucket_then_a_typed_error_says_what_to_check(
    server: Server, tmp_path: Path
) -> None:
    uri = server.uri("x").replace("s3://bucket", "s3://missing")
    result = frlib("study", "status", NAME, "--store", uri, **_machine(tmp_path))
    assert result.returncode == 1
    assert "StoreError" in result.stderr and "no such bucket" in result.stderr


@pytest.mark.slow
def test_run_when_its_driver_is_killed_then_another_machine_goes_on_from_its_checkpoints(
    server: Server, tmp_path: Path, expected: Expected
) -> None:
    uri, one, other = server.uri("killed"), tmp_path / "one", tmp_path / "other"
    wanted = expected(LONG)
    driver = started(tmp_path / "printed", *_words(uri, LONG), **_machine(one))
    try:
        _wait_for(lambda: len(list(one.glob("*/studies/*/arms/*/r0/a0/metrics-*.parquet"))) > 12)
        refused = frlib(*_words(uri, LONG), **_machine(other))
        assert refused.returncode == 1, refused.stdout + refused.stderr
        assert "ClusterError" in refused.stderr and "is being run by process" in refused.stderr
        assert driver.poll() is None, (tmp_path / "printed").read_text()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
    sent = server.keys("killed")
    assert any("/checkpoints/" in key for key in sent), sorted(sent)
    shutil.rmtree(one)
    shutil.rmtree(other, ignore_errors=True)
    _done(*_words(uri, LONG), **_machine(other))
    found = load(_study(other))
    assert course(found) == course(wanted)
    assert complete(found) == complete(wanted)
    resumed = found.runs[found.runs["attempt"] == 1]
    assert len(resumed)
    rows = found.metrics
    first = [
        rows[(rows["arm"] == arm) & (rows["attempt"] == 1)]["epoch"].min() for arm in resumed["arm"]
    ]
    assert max(first) > 1, "no run went on from a checkpoint"
    assert not any("/checkpoints/" in key for key in server.keys("killed"))


@pytest.mark.slow
def test_run_when_the_server_is_away_for_a_while_then_nothing_is_lost(
    server: Server, tmp_path: Path, expected: Expected
) -> None:
    uri, one, other = server.uri("away"), tmp_path / "one", tmp_path / "other"
    wanted = expected(LONG)
    driver = started(tmp_path / "printed", *_words(uri, LONG), **_machine(one))
    try:
        _wait_for(lambda: list(one.glob("*/studies/*/arms/*/r0/a0/metrics-*.parquet")))
        with server.away():
            time.sleep(20.0)
        assert driver.wait(timeout=500) == 0, (tmp_path / "printed").read_text()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(driver.pid, signal.SIGKILL)
        driver.wait()
    _done("store", "pull", "--store", uri, **_machine(other))
    found = load(_study(other))
    assert course(found) == course(wanted)
    assert complete(found) == complete(wanted)


@contextmanager
def _two_nodes(folder: Path) -> Iterator[Raylets]:
    """A head without CPUs and two nodes of one CPU, which share no folder of stores."""
    with raylets(nodes=0, cpus=1, **KEYS) as cluster:
        for name in ("node-1", "node-2"):
            with changed({**os.environ, "FRLIB_WORK": str(folder / name)}):
                cluster.add()
        yield cluster


@pytest.mark.slow
@pytest.mark.parametrize(
    "sets",
    [
        pytest.param(FEW, id="a run a node"),
        pytest.param((*FEW, "resources.workers=2", "resources.placement=SPREAD"), id="both a run"),
    ],
)
def test_run_when_nodes_share_nothing_but_the_bucket_then_records_equal_those_of_a_folder(
    sets: tuple[str, ...], server: Server, tmp_path: Path
) -> None:
    uri, driver = server.uri(f"nodes-{len(sets)}"), tmp_path / "driver"
    with _two_nodes(tmp_path) as cluster:
        at = {"RAY_ADDRESS": cluster.address, "RAY_AUTH_MODE": "disabled"}
        _done(*_words(uri, sets), **_machine(driver), **at)
        _done(*_words(str(tmp_path / "folder"), sets), **at)
    nodes = [tmp_path / "node-1", tmp_path / "node-2"]
    assert [len(list(node.glob("*/datasets"))) for node in nodes] == [1, 1], "a node did nothing"
    found, wanted = load(_study(driver)), load(tmp_path / "folder" / "studies" / NAME)
    assert course(found) == course(wanted)
    assert complete(found) == complete(wanted)
    _require_no_secret(driver, *nodes)


@pytest.mark.slow
def test_run_when_a_node_dies_with_its_working_copy_then_the_other_goes_on_from_the_bucket(
    server: Server, tmp_path: Path, expected: Expected
) -> None:
    uri, driver, printed = server.uri("node"), tmp_path / "driver", tmp_path / "printed"
    wanted, sets = expected(LONG), LONG
    with _two_nodes(tmp_path) as cluster:
        at = {"RAY_ADDRESS": cluster.address, "RAY_AUTH_MODE": "disabled"}
        process = started(printed, *_words(uri, sets), **_machine(driver), **at)
        try:
            first = tmp_path / "node-1"
            _wait_for(lambda: len(list(first.glob("*/studies/*/arms/*/r0/a0/metrics-*"))) > 8)
            cluster.kill(cluster.nodes[0])
            shutil.rmtree(first)
            assert process.wait(timeout=900) == 0, printed.read_text()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    found = load(_study(driver))
    assert course(found) == course(wanted)
    assert complete(found) == complete(wanted)
    rows = found.metrics[found.metrics["attempt"] == 1]
    assert rows["epoch"].min() > 1, "the second attempt began from the beginning"
