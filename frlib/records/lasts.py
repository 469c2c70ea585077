"""The last value of every metric of an attempt, which is all that most tables are made of.

Every file is verified, once: of a large study what was read is kept in `lasts.parquet` beside its
arms, and read again only where the checksums in run.json, the size or the time of a file are not
those that it had then. That file can be deleted at any time.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.records.attempts import Attempt

FILE = "lasts.parquet"
WORTH_KEEPING = 1_000
"""Attempts that had to be read, from which on the next reader is spared it."""
_COLUMNS = ("name", "value")
_SCHEMA = pa.schema(
    [("stamp", pa.string()), ("name", pa.dictionary(pa.int32(), pa.string())), ("value", "f8")]
)


@dataclass(frozen=True)
class Lasts:
    """values: rows of `name, value`, grouped by attempt. counts: rows of each attempt, in order."""

    attempts: Sequence[Attempt]
    values: pa.Table
    counts: NDArray[np.int64]

    def finals(self) -> pd.DataFrame:
        """`arm, seed, name, value` of the attempts that count, sorted."""
        mine = np.array([one.counts for one in self.attempts], dtype=np.bool_)
        arms, arm_of = _ranked([one.arm for one in self.attempts])
        seed_of = np.array([one.seed for one in self.attempts], dtype=np.int64)
        owner = np.repeat(np.arange(len(self.attempts)), self.counts)
        kept = np.flatnonzero(mine[owner])
        owner = owner[kept]
        column = self.values["name"].combine_chunks().take(pa.array(kept))
        names, rank_of = _ranked(column.dictionary.to_pylist())
        name = rank_of[np.asarray(column.indices)]
        order = np.lexsort((name, seed_of[owner], arm_of[owner]))
        return pd.DataFrame(
            {
                "arm": _texts(arms, arm_of[owner][order]),
                "seed": seed_of[owner][order],
                "name": _texts(names, name[order]),
                "value": np.asarray(self.values["value"])[kept][order],
            }
        )


def read(folder: Path, attempts: Sequence[Attempt]) -> Lasts:
    """Last values of all attempts of the study in `folder`; `RecordError` names a damaged file."""
    stamps = [_stamp(one) for one in attempts]
    known = _kept(folder / FILE)
    starts, lengths = _groups(known)
    at = {stamp: i for i, stamp in enumerate(_firsts(known, starts))}
    place = np.array([at.get(stamp, -1) for stamp in stamps], dtype=np.int64)
    fresh = [_last(one) for one, found in zip(attempts, place, strict=True) if found < 0]
    values = pa.concat_tables(
        [known.select(_COLUMNS), *(_encoded(table) for table in fresh)]
    ).unify_dictionaries()
    ends = np.cumsum([0, *(table.num_rows for table in fresh)]) + known.num_rows
    starts = np.concatenate([starts, ends[:-1]])
    lengths = np.concatenate([lengths, np.diff(ends)])
    place[place < 0] = np.arange(len(fresh)) + len(at)
    starts, lengths = starts[place], lengths[place]
    rows = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    values = pa.table(
        {
            "name": values["name"].combine_chunks().take(pa.array(rows)),
            "value": values["value"].take(pa.array(rows)),
        }
    )
    if len(fresh) >= WORTH_KEEPING:
        _keep(folder / FILE, stamps, values, lengths)
    return Lasts(attempts, values, lengths)
