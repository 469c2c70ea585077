"""What a stage is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frlib.train.config import TrainConfig
from frlib.train.staged import Stage

if TYPE_CHECKING:
    from frlib.train.place import Place


@dataclass(frozen=True)
class Job:
    """One output to be made.

    run: the arm's own config. digest: of the output. inputs: name of a stage -> its artefact.
    datasets: name -> digest of the content that is read.
    """

    run: TrainConfig
    stage: Stage
    digest: str
    seed: int
    store: Path
    place: "Place"
    inputs: Mapping[str, Path]
    datasets: Mapping[str, str]
