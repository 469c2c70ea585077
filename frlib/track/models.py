"""The models of a study's winners, in the server's registry: `frlib-<study>-<cell>`.

Of each cell the arm that stands for it in the table, and of its replicates the one with the best
selection metric: chosen on held-out training people, as everything is. The alias `best` names the
version to use. A version is made once; another winner is another version.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from frlib.core import published
from frlib.core.config import digest
from frlib.records import select
from frlib.records.finished import MODEL as WEIGHTS
from frlib.records.read import Attempt, Records
from frlib.track import tags
from frlib.track.memory import Memory
from frlib.track.mlflow import Server
from frlib.track.wanted import cell_words

ALIAS = "best"
_NOT_IN_NAMES = re.compile(r"[^\w.]+")
_NAME_LENGTH = 200


class Models(Protocol):
    """Writes a finished run's model as MLflow loads it."""

    def __call__(self, run_folder: Path, folder: Path) -> None:
        """Fill `folder` from the folder of a finished replicate."""


@dataclass(frozen=True)
class Registered:
    """How many models have been sent, and how large they are."""

    models: int = 0
    size: int = 0


def register(server: Server, memory: Memory, records: Records, models: Models) -> Registered:
    """A version for every cell whose winner's weights are here and not registered yet."""
    count = size = 0
    for name, one in winners(records).items():
        folder = one.folder.parent
        key = tags.attempt_key(one.arm, one.seed, one.attempt)
        if memory.models.get(name) == key:
            continue
        published.bring(folder / WEIGHTS)
        if not (folder / WEIGHTS).is_file():
            continue
        version = server.versions(name).get(key)
        if version is None:
            run_id = memory.runs[tags.replicate_key(one.arm, one.seed)].run_id
            with tempfile.TemporaryDirectory(prefix="frlib-") as aside:
                models(folder, Path(aside))
                files = sorted(Path(aside).iterdir())
                server.upload(run_id, files, tags.MODEL)
                size += sum(path.stat().st_size for path in files)
            count += 1
            version = server.register(name, run_id, tags.MODEL, {tags.RUN: key})
        server.alias(name, ALIAS, version)
        memory.models[name] = key
    return Registered(count, size)


def winners(records: Records) -> dict[str, Attempt]:
    """Registered name -> the attempt that made the model, of the cells that have a winner."""
    metric, higher = select.metric(records.study)
    scores = records.final(metric)
    counting = {(one.arm, one.seed): one for one in records.attempts if one.counts}
    found: dict[str, Attempt] = {}
    for choice in select.choose(records):
        if choice.arm is None:
            continue
        mine = scores[scores["arm"] == choice.arm.digest]
        best = mine.sort_values(["value", "seed"], ascending=[not higher, True], kind="stable")
        name = registered_name(str(records.study["name"]), choice.shown)
        if name in found:
            name = f"{name}-{digest(dict(choice.shown))}"
        found[name] = counting[choice.arm.digest, int(best["seed"].iloc[0])]
    return found


def registered_name(study: str, cell: Mapping[str, Any]) -> str:
    """`frlib-noise-BoundaryFace-closed.ratio-0.2`: what a registry takes of study and cell."""
    words = ["frlib", study, *cell_words(cell)]
    plain = _NOT_IN_NAMES.sub("-", " ".join(words)).strip("-")
    return plain[:_NAME_LENGTH]
