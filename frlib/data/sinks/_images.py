"""Image files, `identity/file` under a folder.

A run that goes on writes the files after the mark again, with the same names and bytes, so nothing
has to be removed. Loose files are too many to be flushed one by one: a commit asks the system to
write out all it holds.
"""

import os
from pathlib import Path

from frlib.data.sink import Item, Mark, Outline
from frlib.data.sinks._names import Names


class ImageFiles:
    """Writes the files and gives their paths."""

    def __init__(self, folder: Path, outline: Outline, mark: Mark | None, *, whole: bool) -> None:
        self._folder = os.fspath(folder)
        self._names = Names(outline, mark, whole=whole)
        self._made = ""

    def write(self, item: Item) -> str:
        """`identity/file`, relative to the folder."""
        identity, file = self._names.of(item)
        if identity != self._made:
            Path(self._folder, identity).mkdir(parents=True, exist_ok=True)
            self._made = identity
        name = f"{identity}/{file}"
        opened = os.open(
            f"{self._folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666
        )
        with os.fdopen(opened, "wb") as out:
            out.write(item.data)
        return name

    def commit(self) -> Mark:
        """All files written so far are on disk."""
        os.sync()
        return self._names.mark()
