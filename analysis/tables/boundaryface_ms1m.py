"""BoundaryFace's table of models trained on MS1M, to which no noise was added."""

import pandas as pd

from analysis import boundary_tables
from analysis.table import Table
from frlib.records.read import Records

TITLE = "BoundaryFace on MS1M, an uncurated set"
PRINTED = ("ms1m",)


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: method x (measured, published, difference). Columns: the twelve benchmarks."""
    return boundary_tables.build(records, published, "boundaryface_ms1m", TITLE, PRINTED)
