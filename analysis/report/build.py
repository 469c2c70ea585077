"""Write the report of a study beside its records."""

from collections.abc import Sequence
from pathlib import Path

from analysis.report._page import Gallery as Gallery
from analysis.report._page import page
from frlib.core import safeio
from frlib.core.errors import ConfigError
from frlib.records import layout, read

FILE = "report.html"


def check(path: Path) -> None:
    """`ConfigError` if no report can be written under that name."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"{path}: a report is written as .html; found {path.suffix or 'none'!r}")


def build(name: str, store: Path, out: Path | None = None, shown: Sequence[Gallery] = ()) -> Path:
    """Write the report of a recorded study; returns its path.

    out: where; None: `<store>/studies/<name>/report.html`. shown: pictures of faces, none unless
    they are asked for. `RecordError` when there is no such study, or its records are damaged.
    """
    folder = layout.find_study(store, name)
    path = folder / FILE if out is None else out
    check(path)
    safeio.write_text(path, page(read.load(folder), shown))
    return path
