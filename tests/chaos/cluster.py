"""A Ray cluster of several raylets on this machine: a head without CPUs, and nodes that may die."""

import os
import shutil
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ray._raylet import GcsClient
from ray.cluster_utils import Cluster
from ray.core.generated.autoscaler_pb2 import DrainNodeReason

from tests.integration.command import environment

_MARK = "FRLIB_TEST_NODE"
STORE_BYTES = 80 * 2**20
_SLOTS = 64


class Raylets:
    """cpus: of every node but the head. more: environment of its processes."""

    def __init__(self, nodes: int, cpus: int, more: Mapping[str, str]) -> None:
        self._cpus, self._more, self._marks = cpus, more, dict[Any, str]()
        self._gone: list[str] = []
        self._count = nodes
        self._begin()

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    @property
    def nodes(self) -> list[Any]:
        """Those that runs are on, in the order they came."""
        return [node for node in self._marks if node in self._cluster.worker_nodes]

    def add(self) -> Any:
        return self._started(num_cpus=self._cpus, object_store_memory=STORE_BYTES)

    def kill(self, node: Any) -> None:
        """As if somebody pulled the plug."""
        self._cluster.remove_node(node, allow_graceful=False)
        self._gone.append(self._marks[node])

    def kill_head(self) -> None:
        """The head, and with it every other node's reason to be."""
        self._gone += self._marks.values()
        self._cluster.remove_node(self._cluster.head_node, allow_graceful=False)

    def renew(self) -> None:
        """Another cluster in the place of one whose head has died."""
        self._begin()

    def drain(self, node: Any, seconds: float) -> None:
        """What `ray drain-node` says to the head: a node goes in so many seconds."""
        why = DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
        deadline_ms = int((time.time() + seconds) * 1000)
        accepted, answer = GcsClient(address=self.address).drain_node(
            node.node_id, why, "spot", deadline_ms
        )
        assert accepted, answer

    def runs_on(self, node: Any) -> list[int]:
        """Ids of the processes in which something of a study is running there."""
        mark = f"{_MARK}={self._marks[node]}"
        return [pid for pid, name in _marked(mark) if name.startswith(_RUNS)]

    def orphans(self) -> list[str]:
        """Processes of nodes that are gone."""
        return [name for one in self._gone for _, name in _marked(f"{_MARK}={one}")]

    def runs(self) -> list[str]:
        """Processes in which something of a study is running, anywhere."""
        every = [name for one in self._marks.values() for _, name in _marked(f"{_MARK}={one}")]
        return [name for name in every if name.startswith(_RUNS)]

    def groups(self) -> list[str]:
        """States of placement groups that are not removed."""
        table = self._cluster.global_state.placement_group_table().values()
        return [group["state"] for group in table if group["state"] != "REMOVED"]

    def end(self) -> None:
        """All of it, head last."""
        for node in self.nodes:
            self._cluster.remove_node(node, allow_graceful=False)
        if self._cluster.head_node is not None:
            self.kill_head()
        for one in self._marks.values():
            for pid, _ in _marked(f"{_MARK}={one}"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _begin(self) -> None:
        self._cluster = Cluster()
        self._started(
            num_cpus=0, resources={"trial_slot": _SLOTS}, include_dashboard=False,
            object_store_memory=STORE_BYTES,
        )  # fmt: skip
        for _ in range(self._count):
            self.add()

    def _started(self, **words: Any) -> Any:
        mark = uuid.uuid4().hex
        with changed({**environment(**self._more), _MARK: mark}):
            node = self._cluster.add_node(**words)
        self._marks[node] = mark
        return node


_RUNS = ("ray::ImplicitFunc", "ray::RayTrainWorker")


@contextmanager
def raylets(nodes: int = 2, cpus: int = 1, **more: str) -> Iterator[Raylets]:
    """Up while inside. Nothing of it is found by others: its folder is its own, and short.

    Nodes wait 10 s for a head that does not answer (a minute by default); workers of a run have
    five minutes to start (one by default), on a machine that does much else.
    """
    folder = tempfile.mkdtemp(prefix="frc", dir="/tmp")
    quiet = {
        "RAY_AUTH_MODE": "disabled",
        "RAY_TMPDIR": folder,
        "RAY_gcs_rpc_server_reconnect_timeout_s": "10",
        "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "300",
        **more,
    }
    with changed({**os.environ, **quiet}):
        made = Raylets(nodes, cpus, quiet)
        try:
            yield made
        finally:
            made.end()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def changed(values: Mapping[str, str]) -> Iterator[None]:
    """The environment of this process is inside what `values` says."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def gone(is_left: Any, seconds: float) -> list[str]:
    """What is still left after so many seconds at most."""
    end = time.monotonic() + seconds
    while (left := is_left()) and time.monotonic() < end:
        time.sleep(0.2)
    return list(left)


def _marked(mark: str) -> list[tuple[int, str]]:
    """(process id, name) of the processes that were started with this in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (path / "environ").read_bytes().split(b"\0"):
                name = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                found.append((int(path.name), name))
        except OSError:
            continue
    return [one for one in found if one[1]]
