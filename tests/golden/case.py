"""One golden case: a name, and a check that raises if frlib disagrees with the recorded values."""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
Check = Callable[[Arrays, dict[str, Any]], None]


class Pending(Exception):  # noqa: N818
    """Raised by a check whose file needs a part that frlib does not have; says which."""


@dataclass(frozen=True)
class Case:
    """`id` starts with the path below the golden folder. `pending` says why there is no `run`."""

    id: str
    run: Callable[[], None] | None
    pending: str = ""


def files(folder: Path) -> Iterator[Path]:
    """Every file below `folder` that is not a README and not hidden, sorted."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and not path.name.lower().startswith("readme"):
            yield path


def load(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Arrays and `meta` of a file."""
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files if name != "meta"}
        return arrays, json.loads(str(stored["meta"]))


def meta_of(path: Path) -> dict[str, Any]:
    """`meta` of a file, without reading its arrays; `ValueError` if it is not an archive."""
    if not zipfile.is_zipfile(path):
        raise ValueError("not an npz archive")
    with np.load(path, allow_pickle=False) as stored:
        meta: dict[str, Any] = json.loads(str(stored["meta"]))
        return meta
