"""What is written around the runs: the study, its arms, and the verdict on each arm."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.records import layout
from frlib.records.schema import ENDED, VERSION

_CELL = ("cell", "cell_digest", "params", "default")


def write_study(folder: Path, study: Mapping[str, Any]) -> None:
    """Write `study.json`: the Study as plain JSON.

    `cells` (optional): every planned cell in table order, `{"digest": ..., "shown": [[axis,
    value], ...]}`. With it, tables keep that order and show cells that were never run.
    """
    safeio.write_json(folder / "study.json", dict(study))


def write_arm(study_folder: Path, arm: Mapping[str, Any]) -> bool:
    """Write `arm.json` once; whether it was new. The first description stays.

    The digest covers everything that changes a result, so a later description can differ in places
    (paths, wording) and in the cell that the arm belongs to: that is brought up to date, since the
    cells of a study change with its axes and with what it searches.
    """
    path = layout.arm_folder(study_folder, str(arm["arm"])) / "arm.json"
    if not path.is_file():
        safeio.write_json(path, {"schema": VERSION, **arm})
        return True
    first = safeio.read_json(path)
    if "cell_digest" in arm and first.get("cell_digest") != arm["cell_digest"]:
        safeio.write_json(path, first | {name: arm[name] for name in _CELL})
    return False


def write_verdict(study_folder: Path, arm: str, verdict: Mapping[str, Any]) -> None:
    """Write or replace `verdict.json`: why the arm ended (`status` complete, stopped or failed)."""
    if verdict.get("status") not in ENDED:
        raise RecordError(
            f"arm {arm}: verdict status {verdict.get('status')!r}, expected {', '.join(ENDED)}"
        )
    safeio.write_json(layout.arm_folder(study_folder, arm) / "verdict.json", dict(verdict))
