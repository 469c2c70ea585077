"""Two evaluations on the same pairs: who is right where the other is wrong, and is it luck.

Read from the scores that reports keep. McNemar's test takes pairs as independent; the bootstrap
draws people where the scores name them, and pairs elsewhere. Both speak of these two trained
models, not of the methods that made them: seeds are not resampled.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from frlib.core.errors import DataError
from frlib.stats.paired import McNemar, PairedBootstrap, mcnemar, paired_bootstrap
from frlib.stats.people import difference_interval, people

_KEYS = ("left", "right", "same", "fold")
_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One variant of one protocol. a, b: shares of pairs judged right; by: what was drawn."""

    scores: str
    n: int
    a: float
    b: float
    mcnemar: McNemar
    bootstrap: PairedBootstrap
    by: str


def compare(a: Path, b: Path) -> list[Compared]:
    """Every table of verdicts that both folders hold: of `frlib eval run --out`, or a report.

    `DataError` where they have none in common, or where one was asked other pairs under the same
    name.
    """
    left, right = _tables(a), _tables(b)
    common = [name for name in left if name in right]
    if not common:
        raise DataError(
            f"{a} has verdicts on pairs of {', '.join(left) or 'nothing'}; {b} of "
            f"{', '.join(right) or 'nothing'}: nothing in common. Evaluate both on the same "
            "protocol and variants (with thresholds: roc and searches give no verdict on a pair)."
        )
    return [_compared(name, left[name], right[name]) for name in common]


def _tables(folder: Path) -> dict[str, pa.Table]:
    own = folder / "scores"
    roots = [own] if own.is_dir() else sorted(folder.glob("*/scores"))
    found = {}
    files = [(root, path) for root in roots for path in sorted(root.rglob("*.parquet"))]
    for root, path in files:
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{path} cannot be read ({error}); evaluate again") from error
        if {*_KEYS, "correct"} <= set(table.column_names):
            found[path.relative_to(root).with_suffix("").as_posix()] = table
    return found


def _compared(name: str, a: pa.Table, b: pa.Table) -> Compared:
    for key in _KEYS:
        if not a[key].equals(b[key]):
            raise DataError(
                f"{name}: {len(a):,} and {len(b):,} pairs that differ in {key!r}; a paired test "
                "needs the same pairs in the same order. Evaluate both on one list."
            )
    right_a, right_b = (np.asarray(table["correct"].to_numpy(), dtype=bool) for table in (a, b))
    if {"left_person", "right_person"} <= set(a.column_names):
        who = people(a["left_person"].to_numpy(), a["right_person"].to_numpy())
        bootstrap = difference_interval(right_a, right_b, who, seed=_SEED)
    else:
        who = None
        bootstrap = paired_bootstrap(right_a, right_b, seed=_SEED)
    return Compared(
        scores=name,
        n=len(a),
        a=float(right_a.mean()),
        b=float(right_b.mean()),
        mcnemar=mcnemar(right_a, right_b),
        bootstrap=bootstrap,
        by="people" if who is not None else "pairs",
    )
