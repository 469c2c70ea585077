"""The truth of a noisy set as a parquet file, a row for every sample.

Columns: `id`; `given`, name of the label; `true`, name of the person shown, empty for nobody of
the set, null where unknown; `given_label`, `true_label`, as in the manifest; `kind`; `flaw`,
`strength`.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from frlib.core import safeio
from frlib.data.flaws import FLAWS, none
from frlib.data.manifest import KINDS, OUTLIER, UNKNOWN, Manifest
from frlib.data.texts import to_arrow


def table(noisy: Manifest) -> pa.Table:
    """The table of a manifest, rows in its order."""
    people = (*noisy.identities, *noisy.others, "")
    true = np.where(noisy.true_labels == OUTLIER, len(people) - 1, noisy.true_labels)
    flaws = none(len(noisy)) if noisy.flaws is None else noisy.flaws
    return pa.table(
        {
            "id": to_arrow(noisy.ids),
            "given": _named(noisy.labels, noisy.identities),
            "true": _named(true, people, noisy.true_labels == UNKNOWN),
            "given_label": noisy.labels,
            "true_label": noisy.true_labels,
            "kind": _named(noisy.kinds, KINDS),
            "flaw": _named(flaws.kinds, FLAWS),
            "strength": flaws.strengths,
        }
    )


def write(noisy: Manifest, path: Path) -> None:
    """Write the table, whole or not at all."""
    with safeio.atomic(path) as aside:
        pq.write_table(table(noisy), aside)


def _named(
    numbers: np.ndarray, names: tuple[str, ...], is_null: np.ndarray | None = None
) -> pa.DictionaryArray:
    codes = pa.array(numbers.astype(np.int32), mask=is_null)
    return pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string()))
