"""The truth of findings, from the table that `frlib noise make` writes (`frlib.data.lab`)."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from frlib.cleaning.findings import Findings
from frlib.core.errors import DataError
from frlib.data.manifest import CLEAN, KINDS, OUTLIER, UNKNOWN
from frlib.data.texts import to_arrow

_COLUMNS = ("id", "given", "true", "kind")


def read(path: Path, found: Findings) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """`[N]` true labels and kinds, row for row with the findings and in their numbers.

    As `Manifest.true_labels` and `Manifest.kinds`; `UNKNOWN` for samples that the table does not
    have, and C and more for people whom the findings do not know. `DataError` for another kind of
    file, where no sample is in it, and where a given label differs.
    """
    rows = _read(path)
    own = rows["id"].combine_chunks()
    places = pc.index_in(to_arrow(found.ids), value_set=own)
    if len(pc.unique(own)) < len(own):
        twice = next(one["values"] for one in own.value_counts().to_pylist() if one["counts"] > 1)
        raise DataError(
            f"{path}: {len(own) - len(pc.unique(own)):,} samples are in it more than once, first "
            f"{twice!r}; which row is true? Make the table again with `frlib noise make`"
        )
    if len(found) and places.null_count == len(found):
        raise DataError(
            f"{path}: none of the {len(found):,} samples of the findings is in it, first "
            f"{found.ids[0]!r}; its ids look like {own[0].as_py()!r}. Is it of another set?"
        )
    is_there = pc.is_valid(places).to_numpy()
    told = rows.take(places.drop_null())
    people = {name: number for number, name in enumerate(found.identities)}
    given = np.array([people.get(name, OUTLIER) for name in told["given"].to_pylist()])
    differ = np.flatnonzero(given != found.given[is_there])
    if len(differ):
        row = int(np.flatnonzero(is_there)[differ[0]])
        raise DataError(
            f"{path}: sample {found.ids[row]!r} was given {told['given'][differ[0]].as_py()!r} "
            f"there, {found.identities[found.given[row]]!r} by the findings ({len(differ):,} "
            "such). Is it the truth of another noise draw or seed?"
        )
    true = np.full(len(found), UNKNOWN, dtype=np.int64)
    kinds = np.full(len(found), CLEAN, dtype=np.int8)
    people |= {"": OUTLIER}
    true[is_there] = [
        UNKNOWN if name is None else people.setdefault(name, len(people) - 1)
        for name in told["true"].to_pylist()
    ]
    kinds[is_there] = [KINDS.index(name) for name in told["kind"].to_pylist()]
    return true, kinds


def _read(path: Path) -> pa.Table:
    try:
        rows = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(
            f"{path}: no truth can be read from it ({error}); expected a truth.parquet, as "
            "`frlib noise make` writes it"
        ) from error
    lacking = [name for name in _COLUMNS if name not in rows.column_names]
    if lacking or not len(rows):
        raise DataError(
            f"{path}: {len(rows):,} rows with the columns {', '.join(rows.column_names)}; expected "
            f"a truth.parquet with {', '.join(_COLUMNS)}, as `frlib noise make` writes it"
        )
    texts = {name: rows[name].cast(pa.string()) for name in _COLUMNS}
    others = sorted({str(one) for one in pc.unique(texts["kind"]).to_pylist()} - {*KINDS})
    if others:
        raise DataError(
            f"{path}: rows of the kind {others[0]!r}; expected {', '.join(KINDS)}. Make the table "
            "again with `frlib noise make`"
        )
    return pa.table(texts)
