"""What searches came to that were played in a study's records: `contest.parquet`, one a study.

It is no record of its own: it follows from the arms on record, and is made again where they, or
what is asked of them, have changed.

cell      the cell that was searched     strategy, repeat   which search
arms      arms that have ended by now    epochs, seconds    of training so far, over all arms
clock     seconds since the beginning    status             of the arm that ends here
best      the best complete arm by now, empty before the first; `value`: its selection metric
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.records import parts
from frlib.records.schema import VERSION, VERSION_KEY

NAME = "contest.parquet"
SCHEMA = pa.schema(
    [
        pa.field("cell", pa.string(), nullable=False),
        pa.field("strategy", pa.string(), nullable=False),
        pa.field("repeat", pa.int32(), nullable=False),
        pa.field("arms", pa.int32(), nullable=False),
        pa.field("epochs", pa.int64(), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
        pa.field("clock", pa.float64(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("best", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=True),
    ]
)
_GRIDS = b"frlib.grids"
_AGAIN = "Delete it: `frlib study run` with the study's name plays the searches again."


@dataclass(frozen=True)
class Grid:
    """What the searches of a cell were played in. source: digest of all that decides them.

    arms: digests of those on record. default: the one that every search began with. seconds,
    default_seconds: of all together, and of the default.
    """

    source: str
    arms: tuple[str, ...]
    default: str
    seconds: float
    default_seconds: float


@dataclass(frozen=True)
class Contests:
    """Of a study: by the digest of the cell, the grid; and a row for every end of an arm."""

    grids: Mapping[str, Grid] = field(default_factory=dict)
    rows: pa.Table = field(default_factory=SCHEMA.empty_table)

    def put(self, cell: str, grid: Grid, rows: pa.Table) -> "Contests":
        """With the searches of one cell in the place of those that it had."""
        others = self.rows.filter(pc.not_equal(self.rows["cell"], cell))
        return Contests({**self.grids, cell: grid}, pa.concat_tables([others, rows]))

    def only(self, cells: set[str]) -> "Contests":
        """Without other cells than these."""
        grids = {cell: grid for cell, grid in self.grids.items() if cell in cells}
        return Contests(
            grids,
            self.rows.filter(pc.is_in(self.rows["cell"], pa.array(sorted(cells), pa.string()))),
        )


def write(study: Path, contests: Contests) -> Path:
    """Write it into a study's folder, whole or not at all."""
    grids = {cell: asdict(grid) for cell, grid in contests.grids.items()}
    metadata = {VERSION_KEY: str(VERSION).encode(), _GRIDS: json.dumps(grids).encode()}
    with safeio.atomic(study / NAME) as aside:
        pq.write_table(contests.rows.replace_schema_metadata(metadata), aside, compression="zstd")
    return study / NAME


def read(study: Path) -> Contests:
    """What is in a study's folder, nothing where no search was played yet.

    `RecordError` when the file is damaged or of a newer schema.
    """
    path = study / NAME
    if not path.is_file():
        return Contests()
    table = parts.parsed(path, path.read_bytes(), SCHEMA, _AGAIN)
    try:
        raw = json.loads(table.schema.metadata[_GRIDS])
        grids = {cell: Grid(**one | {"arms": tuple(one["arms"])}) for cell, one in raw.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(
            f"{path}: does not say what it was played in ({error}). {_AGAIN}"
        ) from None
    return Contests(grids, table.replace_schema_metadata(None))
