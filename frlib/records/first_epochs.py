"""Metrics and decisions of the first epochs of a replicate, for a run that begins with them.

Metrics count epochs that are done (1 after the first), decisions the epoch they were made in, from
0. Attempts are joined; of a row that two of them have, the later one counts, and a decision of an
epoch that was done twice stays where the second time was silent on that sample. Training that is
repeated bit for bit, as on a CPU with as many workers, decides the same both times.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frlib.records import layout, parts
from frlib.records.spent import JOULES

_KEYS = {"metrics": ["epoch", "step", "name"], "decisions": ["epoch", "kind", "sample"]}
_LAST = {"metrics": 0, "decisions": 1}


def attempts(replicate: Path) -> list[Path]:
    """Folders of the attempts of a replicate, in order."""
    every = layout.attempts(replicate.parent)
    return [folder for _, _, folder in every if folder.parent == replicate]


def gather(replicate: Path, epochs: int) -> dict[str, pa.Table]:
    """Rows of the first `epochs` epochs, by table. replicate: folder `r<seed>`; all is flushed."""
    found = {}
    for name, keys in _KEYS.items():
        files = [path for attempt in attempts(replicate) for path in layout.parts(attempt, name)]
        rows = parts.concat(name, [parts.read(path, name) for path in files])
        rows = rows.filter(pc.less_equal(rows["epoch"], epochs - _LAST[name]))
        if name == "metrics":
            rows = rows.filter(pc.not_equal(rows["name"], JOULES))
        found[name] = _latest(rows, keys)
    return found


def write(tables: Mapping[str, pa.Table], folder: Path) -> None:
    """Into a folder, a file each."""
    for name, rows in tables.items():
        parts.write(_file(folder, name), rows, {})


def read(folder: Path) -> dict[str, pa.Table]:
    """What `write` wrote; `RecordError` where it is missing or damaged."""
    return {name: parts.read(_file(folder, name), name) for name in _KEYS}


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _latest(rows: pa.Table, keys: list[str]) -> pa.Table:
    """The last row of every key, in order."""
    numbered = rows.append_column("at", pa.array(np.arange(len(rows))))
    last = numbered.group_by(keys).aggregate([("at", "max")])["at_max"]
    return rows.take(np.sort(last.to_numpy()))
