"""BoundaryFace's identification on its authors' own sets, of the models trained on MS1MV2."""

import pandas as pd

from analysis import boundary_tables
from analysis.table import Table
from frlib.records.read import Records

TITLE = "BoundaryFace, private identification"
PRINTED = ("ms1mv2-private",)


def build(records: Records, published: pd.DataFrame | None) -> Table:
    """Rows: method x (measured, published, difference). Columns: six sets, rank 1."""
    return boundary_tables.build(records, published, "boundaryface_private", TITLE, PRINTED)
