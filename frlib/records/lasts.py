"""The last value of every metric of an attempt, which is all that most tables are made of.

See `Attempt.finals` for where they come from.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from frlib.records.attempts import Attempt

_READERS, _BLOCK = 2, 200
"""Threads, of which one counts while the other waits for the disk; attempts that one takes."""


def finals(attempts: Sequence[Attempt]) -> pd.DataFrame:
    """`arm, seed, name, value` of the attempts that count, sorted.

    The parts of all of them are verified; `RecordError` names a damaged file.
    """
    told = list(_read(attempts))
    counted = [i for i, one in enumerate(attempts) if one.counts]
    owner = np.repeat(counted, [len(told[i]) for i in counted]).astype(np.int64)
    values = np.array([value for i in counted for value in told[i].values()], dtype=np.float64)
    arms, arm = _ranked([one.arm for one in attempts])
    names, name = _ranked([name for i in counted for name in told[i]])
    seeds = np.array([one.seed for one in attempts], dtype=np.int64)
    order = np.lexsort((name, seeds[owner], arm[owner]))
    return pd.DataFrame(
        {
            "arm": _texts(arms, arm[owner[order]]),
            "seed": seeds[owner][order],
            "name": _texts(names, name[order]),
            "value": values[order],
        }
    )


def _read(attempts: Sequence[Attempt]) -> Iterator[Mapping[str, float]]:
    blocks = [attempts[at : at + _BLOCK] for at in range(0, len(attempts), _BLOCK)]
    with ThreadPoolExecutor(_READERS) as readers:
        for block in readers.map(lambda block: [one.finals() for one in block], blocks):
            yield from block


def _ranked(texts: Sequence[str]) -> tuple[pa.Array, NDArray[np.int64]]:
    """Their sorted distinct values, and of each its place among them."""
    places, distinct = pd.factorize(np.array(texts, dtype=object), sort=True)
    return pa.array(distinct, pa.string()), places


def _texts(distinct: pa.Array, places: NDArray[np.int64]) -> "pd.Series[str]":
    encoded = pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), distinct)
    return pd.Series(encoded.cast(pa.string()).to_pandas(), dtype="str")
