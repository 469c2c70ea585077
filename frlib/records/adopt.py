"""Take an arm over from another study of the same store: the same runs, told once more."""

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frlib.core import published, safeio
from frlib.records import layout


def adopt(source: Path, study: Path, arm: Mapping[str, Any]) -> bool:
    """Copy an arm's folder into a study, whole or not at all; false where there is one.

    source: the folder of the arm in the other study. arm: what its `arm.json` says here.
    """
    target = layout.arm_folder(study, str(arm["arm"]))
    if target.exists():
        return False
    aside = study / ".adopted" / uuid.uuid4().hex
    published.bring(source)
    try:
        shutil.copytree(source, aside, ignore=shutil.ignore_patterns("checkpoints"))
        safeio.write_json(aside / "arm.json", dict(arm))
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(target)
        published.placed(target, last="arm.json")
    finally:
        shutil.rmtree(aside.parent, ignore_errors=True)
    return True
