"""Write, verify and read checkpoints: safetensors and JSON, whole or absent, no pickle.

A checkpoint is two files named after its epoch, `00005.safetensors` and `00005.json`; the JSON is
written last and carries the checksum of the tensors, so a checkpoint without it does not exist.
"""

import logging
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.train.state import State

log = logging.getLogger(__name__)
KEEP = 2


def save(state: State, folder: Path) -> None:
    """Write the state; older checkpoints beyond the newest two are removed afterwards."""
    stem = f"{state.epoch:05d}"
    tensors = folder / f"{stem}.safetensors"
    with safeio.atomic(tensors) as aside:
        save_file(state.tensors(), aside)
    safeio.write_json(
        folder / f"{stem}.json", {**state.numbers(), "sha256": safeio.sha256(tensors)}
    )
    for old in sorted(folder.glob("*.json"))[:-KEEP]:
        old.unlink()
        old.with_suffix(".safetensors").unlink(missing_ok=True)


def restore(state: State, folder: Path) -> bool:
    """Load the newest whole checkpoint into `state`; false when there is none."""
    for path in sorted(folder.glob("*.json"), reverse=True):
        try:
            tensors, numbers = _read(path)
        except (RecordError, OSError, SafetensorError) as error:
            log.warning("%s is damaged (%s); falling back to the checkpoint before", path, error)
            continue
        state.restore(tensors, numbers)
        return True
    return False


def clear(folder: Path) -> None:
    """Remove all checkpoints of a finished run."""
    for path in (*folder.glob("*.json"), *folder.glob("*.safetensors")):
        path.unlink()


def save_model(state: State, path: Path) -> None:
    """The finished model alone (`backbone.*`, `head.*`), as safetensors."""
    tensors = {k: v.detach().cpu().contiguous() for k, v in state.trainee.state_dict().items()}
    with safeio.atomic(path) as aside:
        save_file(tensors, aside)


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    numbers = safeio.read_json(path)
    tensors = path.with_suffix(".safetensors")
    if safeio.sha256(tensors) != numbers["sha256"]:
        raise RecordError(f"{tensors}: checksum differs from the one in {path.name}")
    return load_file(tensors), numbers
