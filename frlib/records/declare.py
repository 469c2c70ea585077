"""What is written around the runs: the study, its arms, and the verdict on each arm."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frlib.core import safeio
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
    """Write `arm.json` once and return the arm's folder; the first description stays.

    The digest covers everything that changes a result, so a later description can differ in places
    (paths, wording) alone.
    """
    folder = layout.arm_folder(study_folder, str(arm["arm"]))
    path = folder / "arm.json"
    if not path.is_file():
        safeio.write_json(path, dict(arm))
    return folder


def write_verdict(study_folder: Path, arm: str, verdict: Mapping[str, Any]) -> None:
    """Write or replace `verdict.json`: why the arm ended (`status` complete, stopped or failed)."""
    if verdict.get("status") not in ENDED:
        raise RecordError(
            f"arm {arm}: verdict status {verdict.get('status')!r}, expected {', '.join(ENDED)}"
        )
    safeio.write_json(layout.arm_folder(study_folder, arm) / "verdict.json", dict(verdict))
