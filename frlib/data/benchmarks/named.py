"""Files that say which images there are and who is on them, whatever their form.

* `.csv` with a header: column `path`, and `subject` (or `identity`);
* JSON `{"path": [...], "id": [...]}` or text, one path a line (`frlib.data.features.lists`);
* a folder: every image below it, by its path from there.

Where no person is said, the folder that an image lies in stands for one.
"""

from pathlib import Path, PurePosixPath

import pyarrow as pa

from frlib.core.errors import DataError
from frlib.data import tables
from frlib.data.features.lists import Images, read_images
from frlib.data.storage.listing import walk

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
_DEPTH = 8
_TABLE = "expected a header with path and, where people matter, subject (or identity)"


def read(path: Path) -> Images:
    """All images, each once, with a person for each; `DataError` for none and for another form."""
    if path.is_dir():
        found = _folder(path)
    elif path.suffix == ".csv":
        found = _table(path)
    else:
        found = _listed(path)
    if found.persons is not None:
        return found
    persons = (PurePosixPath(one).parent.as_posix() for one in found.paths)
    return Images(found.file, found.paths, tuple(persons))


def _listed(path: Path) -> Images:
    try:
        return read_images(path, has_persons=True)
    except DataError:
        return read_images(path, has_persons=False)


def _folder(path: Path) -> Images:
    names = sorted(
        entry.name
        for entry in walk(path, depth=_DEPTH)
        if not entry.is_dir and PurePosixPath(entry.name).suffix.lower() in SUFFIXES
    )
    if not names:
        raise DataError(f"{path}: no image below it ({', '.join(sorted(SUFFIXES))})")
    return Images(path, tuple(names), None)


def _table(path: Path) -> Images:
    kinds = dict.fromkeys(("path", "subject", "identity"), pa.string())
    table = tables.with_header(path, kinds, _TABLE)
    names = table.column_names
    if "path" not in names:
        raise DataError(f"{path}: columns {', '.join(names)}; {_TABLE}")
    paths = table["path"].to_pylist()
    if len(set(paths)) != len(paths):
        raise DataError(f"{path}: {len(paths) - len(set(paths)):,} paths are listed twice")
    key = next((one for one in ("subject", "identity") if one in names), None)
    return Images(path, tuple(paths), tuple(table[key].to_pylist()) if key else None)
