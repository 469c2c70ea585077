"""A function on every node of a cluster, by an actor pinned there; silence is an answer too."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from frlib.core.secrets import redacted
from frlib.rayrun import environment

_HEAD = "node:__internal_head__"
_OWN = ("node:", "object_store_memory", "memory", "accelerator_type:")
_ROUNDS = 5
_LENGTH = 300


@dataclass(frozen=True)
class Silence:
    """Why a node gave no answer."""

    why: str


@dataclass(frozen=True)
class NodeFacts:
    """A node as Ray tells of it. resources: without Ray's own ones."""

    key: str
    name: str
    is_head: bool
    resources: Mapping[str, float]


class Everywhere:
    """Every node that is alive, one actor each, which holds no resources.

    A node whose actor cannot start, or does not answer in time, is silent and stays so.
    """

    def __init__(self, address: str) -> None:
        """address: of the cluster; empty: `RAY_ADDRESS`, else one started here."""
        self._address = address
        self._actors: dict[str, Any] = {}
        self.nodes: tuple[NodeFacts, ...] = ()

    def __enter__(self) -> Self:
        environment.connect(self._address)
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        self.nodes = _nodes(ray.nodes())
        for node in self.nodes:
            pinned = NodeAffinitySchedulingStrategy(node.key, soft=False)
            made = ray.remote(num_cpus=0)(_Asker).options(scheduling_strategy=pinned)
            self._actors[node.key] = made.remote()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        import ray

        for actor in self._actors.values():
            ray.kill(actor)
        ray.shutdown()

    def ask(self, function: Callable[..., Any], *words: Any, within_s: float) -> dict[str, Any]:
        """Key of a node -> what the function returned there, or a `Silence`. All at once."""
        import ray

        asked = {actor.call.remote(function, words): k for k, actor in self._actors.items()}
        ready, late = ray.wait(list(asked), num_returns=len(asked), timeout=within_s)
        found: dict[str, Any] = {}
        for ref in ready:
            found[asked[ref]] = _answer(ref)
        for ref in late:
            found[asked[ref]] = Silence(f"did not answer within {within_s:g} s")
        for key, answer in found.items():
            if isinstance(answer, Silence):
                ray.kill(self._actors.pop(key))
        return found

    def clocks(self, within_s: float) -> dict[str, tuple[float, float]]:
        """Key of a node -> bounds of how far its clock is ahead of ours, in seconds.

        A call that is answered with `t` and takes from `a` to `b` here bounds it by `t - b` and
        `t - a`; several calls are intersected.
        """
        import ray

        found = {}
        for key, actor in self._actors.items():
            low, high = -float("inf"), float("inf")
            for _ in range(_ROUNDS):
                sent = time.time()
                try:
                    there = ray.get(actor.call.remote(time.time, ()), timeout=within_s)
                except ray.exceptions.RayError:
                    break
                got = time.time()
                low, high = max(low, there - got), min(high, there - sent)
            else:
                found[key] = (low, high)
        return found


def auth_mode() -> str:
    """How the Ray of this process lets clients in: `token` or `disabled`."""
    from ray._private.authentication.authentication_utils import is_token_auth_enabled

    return "token" if is_token_auth_enabled() else "disabled"


class _Asker:
    def call(self, function: Callable[..., Any], words: tuple[Any, ...]) -> Any:
        """The function's answer, from where this actor lives."""
        return function(*words)


def _answer(ref: Any) -> Any:
    import ray

    try:
        return ray.get(ref)
    except ray.exceptions.RayError as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        words = redacted(lines[-1].strip() if lines else "no message")[:_LENGTH]
        return Silence(f"gave no answer: {type(error).__name__}: {words}")


def _nodes(told: list[dict[str, Any]]) -> tuple[NodeFacts, ...]:
    found = []
    for node in told:
        if not node["Alive"]:
            continue
        is_head = _HEAD in node["Resources"]
        name = f"{node['NodeManagerHostname']}/{node['NodeID'][:6]}{' (head)' if is_head else ''}"
        own = {k: v for k, v in node["Resources"].items() if not k.startswith(_OWN)}
        found.append(NodeFacts(node["NodeID"], name, is_head, own))
    return tuple(sorted(found, key=lambda node: (not node.is_head, node.name)))
