"""A step that was not finite, kept whole: state, batch and what was found, to be done again.

`<folder>/step-000000123/`: `state.safetensors` (a checkpoint's tensors from before the step),
`batch.safetensors` (the whole batch of all workers, that of a tail under `tail.*`), `failure.json`
last, with checksums.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from frlib.core import safeio
from frlib.core.config import to_dict
from frlib.core.errors import RecordError
from frlib.data.augment import Draws
from frlib.parallel.collectives import Group
from frlib.train.compatibility import OldRows
from frlib.train.config import TrainConfig
from frlib.train.diagnosis import Diagnosis
from frlib.train.state import State
from frlib.train.watch import Fed

_FILES = ("state", "batch")
_TAIL = "tail."
_FACTS = {
    *("step", "seed", "precision", "workers", "num_samples", "steps_per_epoch", "images"),
    *("config", "numbers", "diagnosis", "sha256"),
}


@dataclass(frozen=True, eq=False)
class Failure:
    """What was kept. facts: `failure.json`."""

    facts: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    fed: Fed


def write(
    folder: Path,
    config: TrainConfig,
    state: State,
    fed: Fed,
    found: Diagnosis,
    facts: Mapping[str, Any],
    group: Group,
) -> Path:
    """Keep a step; the folder it is in. Every worker calls this, the first one writes.

    facts: plain JSON beside what the state and the config say: seed, step, precision, and so on.
    """
    place = folder / f"step-{facts['step']:09d}"
    tensors, whole = state.tensors(only_first=True), _gathered(fed, group)
    names = texts(found.layer, group, whole["images"].device)
    if group.rank:
        return place
    contents = {"state": tensors, "batch": {n: t.cpu().contiguous() for n, t in whole.items()}}
    sums = {}
    for name in _FILES:
        path = place / f"{name}.safetensors"
        with safeio.atomic(path) as aside:
            save_file(contents[name], aside)
        sums[name] = safeio.sha256(path)
    told = {
        **facts,
        "config": to_dict(config),
        "numbers": state.numbers(),
        "diagnosis": found.to_json(),
        "first_layer_by_rank": names,
        "sha256": sums,
    }
    safeio.write_json(place / "failure.json", told)
    return place


def read(place: Path) -> Failure:
    """A step that was kept; `RecordError` if it is not whole."""
    file = place / "failure.json"
    if not file.is_file():
        raise RecordError(
            f"{place}: holds no failure.json; expected a folder failures/step-... of a run that "
            "met a loss or gradient that is not finite"
        )
    facts = safeio.read_json(file)
    missing = _FACTS - facts.keys() if isinstance(facts, dict) else _FACTS
    if missing:
        raise RecordError(f"{file}: damaged: no {', '.join(sorted(missing))}; copy it again")
    found = {}
    for name in _FILES:
        path = place / f"{name}.safetensors"
        try:
            if safeio.sha256(path) != facts["sha256"].get(name):
                raise RecordError(
                    f"{path}: checksum differs from the one in failure.json; copy it again"
                )
            found[name] = load_file(path)
        except (OSError, SafetensorError) as error:
            raise RecordError(f"{path}: missing or damaged ({error}); copy it again") from error
    return Failure(facts, found["state"], _fed(found["batch"]))


def texts(own: str, group: Group, device: torch.device, room: int = 128) -> list[str]:
    """Those of all workers, each cut to `room` bytes."""
    raw = own.encode()[:room].ljust(room, b"\0")
    every = group.all_gather(torch.tensor(list(raw), dtype=torch.uint8, device=device))
    rows = every.view(group.size, room).tolist()
    return [bytes(row).decode(errors="ignore").rstrip("\0") for row in rows]


def _fed(batch: Mapping[str, Tensor]) -> Fed:
    draws = Draws(
        flip=batch["flip"].bool().numpy(),
        shift=batch["shift"].numpy() if "shift" in batch else None,
        colour=batch["colour"].numpy() if "colour" in batch else None,
    )
    old = OldRows(batch["old"], batch["credible"].bool()) if "old" in batch else None
    tail = {n.removeprefix(_TAIL): t for n, t in batch.items() if n.startswith(_TAIL)}
    behind = _fed(tail) if tail else None
    return Fed(batch["images"], batch["labels"], batch["samples"], draws, behind, old)


def _gathered(fed: Fed, group: Group) -> dict[str, Tensor]:
    device = fed.images.device
    own = {"images": fed.images, "labels": fed.labels, "samples": fed.samples}
    own["flip"] = torch.from_numpy(fed.draws.flip.astype(np.uint8)).to(device)
    if fed.draws.shift is not None:
        own["shift"] = torch.from_numpy(fed.draws.shift).to(device)
    if fed.draws.colour is not None:
        own["colour"] = torch.from_numpy(fed.draws.colour).to(device)
    if fed.old is not None:
        own |= {"old": fed.old.unit_be, "credible": fed.old.credible_b.to(torch.uint8)}
    found = {name: group.all_gather(tensor) for name, tensor in own.items()}
    if fed.tail is not None:
        found |= {_TAIL + name: tensor for name, tensor in _gathered(fed.tail, group).items()}
    return found
