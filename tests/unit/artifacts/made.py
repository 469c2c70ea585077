"""Artefacts of a test: quick hearts, and a folder of two files."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from frlib.artifacts.pulse import Pace
from frlib.artifacts.store import Artifacts, Make

QUICK = Pace(beat_s=0.04, patience_s=0.6)
KIND, DIGEST = "train", "0123456789abcdef"


def store(root: Path) -> Artifacts:
    """A store whose dead are found in no time."""
    return Artifacts(root, QUICK)


def make(folder: Path) -> Mapping[str, Any]:
    """One small file, one in a folder."""
    (folder / "one.txt").write_text("one")
    (folder / "deep").mkdir()
    (folder / "deep/two.bin").write_bytes(b"two" * 100)
    return {"images": 3}


def slowly(log: Path, seconds: float) -> Make:
    """Leaves a line in `log` when it begins, and goes on in what it finds, a file a time."""

    def work(folder: Path) -> Mapping[str, Any]:
        with log.open("a") as file:
            file.write(f"{len(list(folder.iterdir()))}\n")
        for number in range(10):
            path = folder / f"{number}.txt"
            if not path.exists():
                time.sleep(seconds / 10)
                path.write_text(str(number) * 50)
        return {}

    return work


def produce(where: Artifacts, digest: str = DIGEST, size: int = 303) -> Path:
    """Of this many bytes."""

    def of_size(folder: Path) -> Mapping[str, Any]:
        (folder / "data").write_bytes(b"x" * size)
        return {}

    return where.produce(KIND, digest, of_size, about={})


def names(root: Path) -> list[str]:
    """Everything in the folder of the kind."""
    return sorted(path.name for path in (root / "artifacts" / KIND).iterdir())
