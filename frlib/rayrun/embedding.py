"""Embedding a set with many workers: each does shares of the blocks, in one store that all see.

Resuming is running it again: blocks that are done are found.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from frlib.core import discover
from frlib.core.config import Config, to_dict
from frlib.data.convert.watch import Logged, Watch
from frlib.rayrun import environment
from frlib.study.room import Need

_SHARES_A_WORKER = 4


def embed(
    model: Config,
    source: Config,
    store: Path,
    out: Path,
    *,
    workers: int,
    cpus: float = 1,
    gpus: float = 0,
    address: str = "",
    watch: Watch | None = None,
    how: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write the features of a source to `out`; returns what they say about themselves.

    cpus, gpus: of one worker; it runs on its GPU if it has one. how: of `extract.plan` (`ids` as a
    list, `mirrored`, `exact`, `batch`). Store, out, model and images must be seen by every machine
    under the same paths. Errors are those of `extract.extract`; `ClusterError` if no worker fits.
    """
    environment.connect(address)
    import ray
    from ray.exceptions import RayTaskError

    environment.capacity(Need(cpus, gpus))
    order = {
        "model": _placed(model),
        "source": _placed(source),
        "store": str(store.absolute()),
        "device": "cuda" if gpus else "cpu",
        "cpus": max(1, int(cpus)),
        "how": dict(how or {}),
    }
    parts = workers * _SHARES_A_WORKER
    remote = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=3)
    share = remote(_share)
    watch = watch or Logged()
    left = list(range(parts))
    waiting: list[Any] = []
    watch.begin("embedding, in shares", parts, 0)
    try:
        while left or waiting:
            while left and len(waiting) < workers:
                waiting.append(share.remote(order, left.pop(0), parts))
            done, waiting = ray.wait(waiting)
            ray.get(done)
            watch.advance(len(done))
        watch.end()
        facts: dict[str, Any] = ray.get(remote(_save).remote(order, str(out.absolute())))
    except RayTaskError as error:
        for task in waiting:
            ray.cancel(task)
        raise error.cause from error
    return facts


def _share(order: Mapping[str, Any], part: int, parts: int) -> int:
    from frlib.evaluate import extract

    model, source, store = _opened(order)
    return extract.share(
        model, source, store, part=part, parts=parts, threads=order["cpus"], **order["how"]
    )


def _save(order: Mapping[str, Any], out: str) -> dict[str, Any]:
    from frlib.evaluate import extract

    model, source, store = _opened(order)
    found = extract.extract(model, source, store, **order["how"])
    zeros = found.require_sound()
    found.save(Path(out), exact=bool(order["how"].get("exact")))
    return {**found.about, "embedded": len(found), "zero": zeros, "file": out}


def _opened(order: Mapping[str, Any]) -> tuple[Any, Config, Path]:
    import torch

    torch.set_num_threads(order["cpus"])
    value = order["source"]
    source: Config = discover.load("frlib.data.sources", value["name"]).Config.parse(value)
    return (
        _model(json.dumps(order["model"], sort_keys=True), order["device"]),
        source,
        Path(order["store"]),
    )


@lru_cache(maxsize=1)
def _model(text: str, device: str) -> Any:
    """Opened once in a process, whatever number of shares it does."""
    from frlib.evaluate.model import named, open_model

    return open_model(named(text), device)


def _placed(config: Config) -> dict[str, Any]:
    """Plain JSON types, with a path that does not depend on the folder of the process."""
    value = to_dict(config)
    path = value.get("path")
    if path and "://" not in path:
        value["path"] = str(Path(path).expanduser().absolute())
    return value
