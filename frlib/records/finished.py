"""A finished run by the folder of its replicate: what was trained, on what, with which outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frlib.core import published
from frlib.core.errors import RecordError
from frlib.records import read

MODEL = "model.safetensors"


@dataclass(frozen=True)
class Finished:
    """One complete replicate. config: as recorded. datasets: name -> digest of its content.

    facts: what followed from data and machine. metrics: name -> final value.
    """

    folder: Path
    study: str
    arm: str
    seed: int
    config: Mapping[str, Any]
    datasets: Mapping[str, str]
    facts: Mapping[str, Any]
    metrics: Mapping[str, float]

    @property
    def model(self) -> Path:
        """The weights: `backbone.*` and `head.*`."""
        return self.folder / MODEL

    @property
    def size(self) -> int:
        """Side of the images it was trained on, pixels."""
        return int(self.config["data"]["size"])


def find(folder: Path) -> Finished:
    """The run in `<store>/studies/<study>/arms/<arm>/r<seed>`; an arm's folder if it has one run.

    `RecordError` where there is no finished model, or no record of how it came about.
    """
    published.bring(folder)
    place = _replicate(folder).resolve()
    study = _study(place)
    if study is None:
        raise RecordError(
            f"{folder}: holds {MODEL} but is not in the folder of a study, so nothing says which "
            "network it is. Expected <store>/studies/<study>/arms/<arm>/r<seed>"
        )
    records = read.outline(study)
    arm = next((one for one in records.arm_list if one.digest == place.parent.name), None)
    counted = [
        one
        for one in records.attempts
        if one.counts and one.arm == place.parent.name and f"r{one.seed}" == place.name
    ]
    if arm is None or not counted:
        raise RecordError(
            f"{folder}: no attempt of this replicate is recorded as complete. Finish it with "
            f"`frlib study run {study.name}`"
        )
    return Finished(
        folder=place,
        study=study.name,
        arm=arm.digest,
        seed=counted[-1].seed,
        config=arm.config,
        datasets=arm.datasets,
        facts=counted[-1].run["facts"],
        metrics=counted[-1].finals(),
    )


def known(folder: Path) -> Finished | None:
    """The same; None for a model that has been copied away from its study."""
    published.bring(folder)
    return find(folder) if _study(_replicate(folder).resolve()) else None


def _study(replicate: Path) -> Path | None:
    """The folder of the study that a replicate's folder is in."""
    parents = replicate.parents
    if len(parents) < 3 or parents[1].name != "arms":
        return None
    return parents[2] if (parents[2] / "study.json").is_file() else None


def _replicate(folder: Path) -> Path:
    if (folder / MODEL).is_file():
        return folder
    inside = sorted(path.parent for path in folder.glob(f"r*/{MODEL}"))
    if len(inside) == 1:
        return inside[0]
    told = f"; name one of {', '.join(str(one) for one in inside)}" if inside else ""
    raise RecordError(
        f"{folder}: holds no {MODEL}, which a run writes when it is complete{told or ''}. "
        "Expected <store>/studies/<study>/arms/<arm>/r<seed>"
    )
