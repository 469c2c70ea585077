"""BoundaryFace's tables of flips (0, 10, 20 %) and of three mixtures with outliers."""

import pandas as pd

from analysis import boundary_tables
from analysis.table import Table
from frlib.records.read import Records

TITLE = "BoundaryFace, retrained under noise"
PRINTED = (
    "retrain-closed-0",
    "retrain-closed-10",
    "retrain-closed-20",
    "retrain-closed-20-open-20",
    "retrain-closed-10-open-30",
    "retrain-closed-30-open-10",
)


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: noise x method x (measured, published, difference). Columns: the ten benchmarks."""
    return boundary_tables.build(records, published, "boundaryface", TITLE, PRINTED)
