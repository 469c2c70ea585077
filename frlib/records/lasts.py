"""The last value of every metric of an attempt, which is all that most tables are made of.

Every file is verified, once: of a large study what was read is kept in `lasts.parquet` beside its
arms, and read again only where the checksums in run.json, the size or the time of a file are not
those that it had then. That file can be deleted at any time.
"""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.errors import FrlibError
from frlib.records.attempts import Attempt
from frlib.records.schema import METRICS, VERSION

FILE = "lasts.parquet"
WORTH_KEEPING = 1_000
"""Attempts from which on the next reader is spared what this one has read."""
_READERS, _BLOCK = 2, 200
"""Threads, of which one decodes while the other waits for the disk; attempts that one takes."""
_COLUMNS = ("name", "value")
_EMPTY = pa.schema([METRICS.field(name) for name in _COLUMNS]).empty_table()


@dataclass(frozen=True)
class Lasts:
    """Of every attempt a table of `name, value`, a name once."""

    attempts: Sequence[Attempt]
    tables: Sequence[pa.Table]

    def finals(self) -> pd.DataFrame:
        """`arm, seed, name, value` of the attempts that count, sorted."""
        counted = [i for i, one in enumerate(self.attempts) if one.counts]
        owner = np.repeat(counted, [self.tables[i].num_rows for i in counted]).astype(np.int64)
        rows = pa.concat_tables([_EMPTY, *(self.tables[i] for i in counted)])
        arms = _Ranked.of(pa.array([one.arm for one in self.attempts], pa.string()))
        names = _Ranked.of(rows["name"].combine_chunks())
        seeds = np.array([one.seed for one in self.attempts], dtype=np.int64)
        order = np.lexsort((names.ranks, seeds[owner], arms.ranks[owner]))
        return pd.DataFrame(
            {
                "arm": arms.texts(owner[order]),
                "seed": seeds[owner][order],
                "name": names.texts(order),
                "value": rows["value"].to_numpy()[order],
            }
        )


def read(study: Path, attempts: Sequence[Attempt]) -> Lasts:
    """Of all attempts of a study, with its folder; `RecordError` names a damaged file."""
    kept = _kept(study / FILE) if len(attempts) >= WORTH_KEEPING else {}

    def stamped(block: Sequence[Attempt]) -> list[tuple[str, pa.Table]]:
        return [_stamped(one, kept) for one in block]

    with ThreadPoolExecutor(_READERS) as readers:
        blocks = [attempts[at : at + _BLOCK] for at in range(0, len(attempts), _BLOCK)]
        pairs = [pair for block in readers.map(stamped, blocks) for pair in block]
    stamps, tables = [stamp for stamp, _ in pairs], [table for _, table in pairs]
    if sum(bool(stamp) and stamp not in kept for stamp in stamps) >= WORTH_KEEPING:
        _keep(study / FILE, stamps, tables)
    return Lasts(attempts, tables)


def _stamped(one: Attempt, kept: Mapping[str, pa.Table]) -> tuple[str, pa.Table]:
    found = one.parts("metrics")
    stamp = _stamp(one, found)
    table = kept.get(stamp)
    return stamp, _last(one, found) if table is None else table


def _last(one: Attempt, found: Sequence[Path]) -> pa.Table:
    table = one.rows("metrics", found, _COLUMNS).select(_COLUMNS)
    last = {name: row for row, name in enumerate(table["name"].to_pylist())}
    return table if len(last) == table.num_rows else table.take(sorted(last.values()))


def _stamp(one: Attempt, found: Sequence[Path]) -> str:
    """Equal as long as nothing of its metrics has changed; empty while it has not ended."""
    noted = one.checksums
    if noted is None:
        return ""
    told = [f"{VERSION} {one.arm} {one.seed} {one.attempt}"]
    for path in found:
        state = path.stat()
        told.append(f"{noted[path.name]} {state.st_size} {state.st_mtime_ns}")
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


def _kept(path: Path) -> dict[str, pa.Table]:
    """Stamp -> values; none when there is no such file, or not a whole one."""
    try:
        rows = pq.ParquetFile(path).read().combine_chunks()
        stamps = rows["stamp"].to_numpy(zero_copy_only=False)
        values = rows.select(_COLUMNS).cast(_EMPTY.schema)
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return {}
    starts = np.flatnonzero(np.concatenate([[True], stamps[1:] != stamps[:-1]]))
    ends = np.append(starts[1:], len(stamps))
    return {
        str(stamps[start]): values.slice(start, end - start)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        if start < end
    }


def _keep(path: Path, stamps: Sequence[str], tables: Sequence[pa.Table]) -> None:
    """Where nothing can be written, the next reader reads it all again."""
    chosen = [i for i, stamp in enumerate(stamps) if stamp]
    rows = pa.concat_tables([_EMPTY, *(tables[i] for i in chosen)])
    repeats = [tables[i].num_rows for i in chosen]
    stamp = pa.DictionaryArray.from_arrays(
        pa.array(np.repeat(np.arange(len(chosen)), repeats).astype(np.int32)),
        pa.array([stamps[i] for i in chosen], pa.string()),
    )
    table = rows.append_column("stamp", stamp)
    with suppress(FrlibError, OSError), safeio.atomic(path) as aside:
        pq.write_table(table, aside, compression="zstd")


@dataclass(frozen=True)
class _Ranked:
    """Texts as places among their sorted distinct values."""

    sorted_texts: pa.Array
    ranks: NDArray[np.int64]

    @classmethod
    def of(cls, texts: pa.Array) -> "_Ranked":
        encoded = texts.dictionary_encode()
        order = np.argsort(np.array(encoded.dictionary.to_pylist(), dtype=object))
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        return cls(encoded.dictionary.take(pa.array(order)), rank[encoded.indices.to_numpy()])

    def texts(self, rows: NDArray[np.int64]) -> "pd.Series[str]":
        picked = pa.array(self.ranks[rows].astype(np.int32))
        array = pa.DictionaryArray.from_arrays(picked, self.sorted_texts).cast(pa.string())
        return pd.Series(array.to_pandas(), dtype="str")
