"""Write, verify and read checkpoints: safetensors and JSON, whole or absent, no pickle.

A checkpoint is two files named after its step, `000000120.safetensors` and `000000120.json`; the
JSON is written last and carries the checksum of the tensors, so a checkpoint without it does not
exist.
"""

import logging
import math
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.train.state import State

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """A state at one moment, on the CPU, independent of what trains on.

    numbers: with `at_score`, the selection value of this very state, or None.
    """

    tensors: Mapping[str, Tensor]
    numbers: Mapping[str, Any]

    @classmethod
    def of(cls, state: State, score: float | None = None) -> "Snapshot":
        """Every worker calls this; only the first one's holds tensors."""
        return cls(state.tensors(only_first=True), state.numbers() | {"at_score": score})


def write(snapshot: Snapshot, folder: Path) -> Path:
    """Write it; the JSON's path."""
    path = path_at(folder, snapshot.numbers["step"])
    tensors = path.with_suffix(".safetensors")
    with safeio.atomic(tensors) as aside:
        save_file(dict(snapshot.tensors), aside)
    safeio.write_json(path, {**snapshot.numbers, "sha256": safeio.sha256(tensors)})
    return path


def keep(written: Path, newest: int, *, lowest_is_best: bool) -> None:
    """Remove all but the newest ones and the best one, and what killed writers left behind.

    written: the one just written, as `write` told it. Those of later steps are damaged, for the run
    went on from before them: they go as well, so that none takes the place of a whole one.
    """
    folder = written.parent
    every = paths(folder)
    whole = [path for path in every if path <= written]
    best = ranked(whole, lowest_is_best=lowest_is_best)[:1]
    for path in set(every) - {*whole[-newest:], *best}:
        safeio.remove(path)
    for path in folder.glob("*.safetensors"):
        if not path.with_suffix(".json").exists():
            safeio.remove(path)
    _sweep(folder)


def paths(folder: Path) -> list[Path]:
    """The JSON of every checkpoint, by steps done."""
    return sorted(folder.glob("*.json"))


def path_at(folder: Path, step: int) -> Path:
    """The JSON of the checkpoint after `step` steps, there or not."""
    return folder / f"{step:09d}.json"


def ranked(those: Iterable[Path], *, lowest_is_best: bool) -> list[Path]:
    """Those with a score that is a number, the best first; of equal ones the earliest."""
    scored = [(score, path) for path in sorted(those) if (score := _score(path)) == score]
    scored.sort(key=lambda one: one[0], reverse=not lowest_is_best)
    return [path for _, path in scored]


def require_whole(path: Path) -> None:
    """`RecordError` or `OSError` if the tensors are not those that were written."""
    tensors = path.with_suffix(".safetensors")
    if safeio.sha256(tensors) != _numbers(path)["sha256"]:
        raise RecordError(
            f"{tensors}: checksum differs from the one in {path.name}; an earlier checkpoint, or "
            "training from the beginning, takes its place"
        )


def copy(path: Path, folder: Path) -> None:
    """Put a checkpoint into another folder as well, under the same names."""
    for file in (path.with_suffix(".safetensors"), path):
        with safeio.atomic(folder / file.name) as aside:
            shutil.copyfile(file, aside)


def restore(state: State, folder: Path) -> bool:
    """Load the newest whole checkpoint into `state`; false when there is none."""
    return _first_whole(state, paths(folder)[::-1])


def restore_best(state: State, folder: Path, *, lowest_is_best: bool) -> bool:
    """The same with the best selection value; false where none was measured."""
    return _first_whole(state, ranked(paths(folder), lowest_is_best=lowest_is_best))


def clear(folder: Path) -> None:
    """Remove all checkpoints of a finished run."""
    for path in (*paths(folder), *folder.glob("*.safetensors")):
        safeio.remove(path)
    _sweep(folder)


def save_model(tensors: Mapping[str, Tensor], path: Path) -> None:
    """The finished model alone (`backbone.*`, `head.*`), as safetensors."""
    with safeio.atomic(path) as aside:
        save_file(dict(tensors), aside)


def _sweep(folder: Path) -> None:
    """Remove files whose writer was killed before they had their name. Nothing is being written."""
    for path in folder.glob(".*.part"):
        path.unlink(missing_ok=True)


def _score(path: Path) -> float:
    """NaN where none was measured."""
    try:
        score = _numbers(path)["at_score"]
    except RecordError:
        return math.nan
    return math.nan if score is None else float(score)


def _first_whole(state: State, those: Iterable[Path]) -> bool:
    for path in those:
        try:
            tensors, numbers = _read(path)
        except (RecordError, OSError, SafetensorError) as error:
            log.warning("%s is damaged (%s); falling back to the checkpoint before", path, error)
            continue
        state.restore(tensors, numbers)
        return True
    return False


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    require_whole(path)
    return load_file(path.with_suffix(".safetensors")), _numbers(path)


def _numbers(path: Path) -> dict[str, Any]:
    numbers: dict[str, Any] = safeio.read_json(path)
    if not isinstance(numbers, dict) or not {"sha256", "at_score"} <= numbers.keys():
        raise RecordError(f"{path}: expected the numbers of a checkpoint and its checksum")
    return numbers
