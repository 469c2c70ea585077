"""Tables of many attempts as one frame, each row with the attempt that it is of."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from frlib.records import parts
from frlib.records.attempts import Attempt


def joined(
    name: str, attempts: Sequence[Attempt], asked: pc.Expression | None = None
) -> pd.DataFrame:
    """`arm, seed, attempt, counts` and the columns of the table `name`, attempt by attempt.

    asked: which rows; None asks for all.
    """
    tables = [
        one.table(name) if asked is None else one.table(name).filter(asked) for one in attempts
    ]
    whole = parts.concat(name, tables)
    frame = whole.to_pandas(integer_object_nulls=False)
    if "true" in frame:
        frame["true"] = pd.array(whole.column("true").to_pylist(), dtype="Int64")
    rows = np.array([table.num_rows for table in tables], dtype=np.int64)
    arms = pa.DictionaryArray.from_arrays(
        np.repeat(np.arange(len(attempts), dtype=np.int32), rows),
        pa.array([one.arm for one in attempts], pa.string()),
    )
    frame.insert(0, "arm", pd.Series(arms.cast(pa.string()).to_pandas(), dtype="str"))
    for at, (key, values) in enumerate(
        {
            "seed": np.array([one.seed for one in attempts], dtype=np.int64),
            "attempt": np.array([one.attempt for one in attempts], dtype=np.int64),
            "counts": np.array([one.counts for one in attempts], dtype=np.bool_),
        }.items(),
        start=1,
    ):
        frame.insert(at, key, np.repeat(values, rows))
    return frame
