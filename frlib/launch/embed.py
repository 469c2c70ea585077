"""Embed a set on a Ray cluster, or with several processes of this machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frlib.core.config import Config
from frlib.data.convert.watch import Watch


def embed(
    model: Config,
    source: Config,
    store: Path,
    out: Path,
    *,
    workers: int,
    cpus: float,
    gpus: float,
    address: str,
    watch: Watch,
    how: Mapping[str, Any],
) -> dict[str, Any]:
    """As `frlib.rayrun.embedding.embed`, in a store that can be written."""
    from frlib.launch.study import check_store
    from frlib.rayrun import embedding

    check_store(store)
    return embedding.embed(
        model,
        source,
        store,
        out,
        workers=workers,
        cpus=cpus,
        gpus=gpus,
        address=address,
        watch=watch,
        how=how,
    )
