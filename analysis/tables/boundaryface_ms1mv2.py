"""BoundaryFace's table of models trained on MS1MV2, to which no noise was added."""

import pandas as pd

from analysis import boundary_tables
from analysis.table import Table
from frlib.records.read import Records

TITLE = "BoundaryFace on MS1MV2, a curated set"
PRINTED = ("ms1mv2",)


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: method x (measured, published, difference). Columns: the twelve benchmarks."""
    return boundary_tables.build(records, published, "boundaryface_ms1mv2", TITLE, PRINTED)
