"""What an evaluation found: rows of numbers with all that they mean, and the scores behind them."""

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from frlib.core import safeio


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number of one variant of one protocol.

    variant: what really ran, such as `insightface2` for a list of two folds or `-single` where a
    protocol of two views was given one. value: None where it cannot be given; `mark` then says why.
    low, high: ends of the 95 % interval made by `interval` (empty: none was made). n: what the
    number rests on (pairs, probes, folds). n_positive: genuine ones among them. mark: why a value
    is missing, weakly supported or not to be used.
    """

    protocol: str
    variant: str
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int
    n_positive: int | None = None
    mark: str = ""
    interval: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """Rows, and the table of scores of each `protocol/variant`.

    about: plain JSON types. `about["variants"][variant]` holds flip rule and normalisation of the
    variant of a row, `about["colour"]` the channel order the model was fed (None: not known).
    """

    title: str
    about: dict[str, Any]
    rows: tuple[Row, ...]
    scores: dict[str, pa.Table] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; every row with flip rule, normalisation and colour order."""
        variants = self.about.get("variants", {})
        own = {"colour": self.about.get("colour")}
        return {
            "title": self.title,
            "about": self.about,
            "warnings": list(self.warnings),
            "rows": [asdict(row) | own | variants.get(row.variant, {}) for row in self.rows],
        }

    def save(self, folder: Path) -> None:
        """`report.json` and `scores/<protocol>/<variant>.parquet`, each whole or absent.

        Scores that an earlier report left in this folder are removed: they are of another run.
        """
        root = folder / "scores"
        paths = {name: root / f"{file_name(name)}.parquet" for name in self.scores}
        told = folder / "report.json"
        if told.is_file():
            told.unlink()
            for left in set(root.rglob("*.parquet")) - set(paths.values()):
                left.unlink()
        for name, table in self.scores.items():
            with safeio.atomic(paths[name]) as aside:
                pq.write_table(table, aside)
        safeio.write_json(told, self.to_json())


def file_name(name: str) -> str:
    """A relative path without strange characters for `protocol/variant`."""
    parts = [re.sub(r"[^\w.-]+", "_", part).lstrip(".") or "_" for part in name.split("/")]
    return "/".join(parts)
