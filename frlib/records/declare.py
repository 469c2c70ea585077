"""What is written around the runs: the study, its arms, and the verdict on each arm."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.core.config import canonical
from frlib.core.errors import RecordError
from frlib.records import layout
from frlib.records.schema import ENDED


def write_study(folder: Path, study: Mapping[str, Any]) -> None:
    """Write `study.json`: the Study as plain JSON.

    `cells` (optional): every planned cell in table order, `{"digest": ..., "shown": [[axis,
    value], ...]}`. With it, tables keep that order and show cells that were never run.
    """
    safeio.write_json(folder / "study.json", dict(study))


def write_arm(study_folder: Path, arm: Mapping[str, Any]) -> Path:
    """Write `arm.json` once and return the arm's folder; writing the same again changes nothing."""
    folder = layout.arm_folder(study_folder, str(arm["arm"]))
    path = folder / "arm.json"
    if not path.is_file():
        safeio.write_json(path, dict(arm))
    elif canonical(safeio.read_json(path)) != canonical(arm):
        raise RecordError(
            f"{path}: describes another arm under the same digest. An arm is written once; if its "
            "description changed with a new version of frlib, record the study in a new --store."
        )
    return folder


def write_verdict(study_folder: Path, arm: str, verdict: Mapping[str, Any]) -> None:
    """Write or replace `verdict.json`: why the arm ended (`status` complete, stopped or failed)."""
    if verdict.get("status") not in ENDED:
        raise RecordError(
            f"arm {arm}: verdict status {verdict.get('status')!r}, expected {', '.join(ENDED)}"
        )
    safeio.write_json(layout.arm_folder(study_folder, arm) / "verdict.json", dict(verdict))
