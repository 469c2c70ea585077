"""A folder per identity, an image file each: `identity/file.jpg`."""

from pathlib import Path
from typing import Literal

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.data.sink import Item, Mark, Outline, Sink
from frlib.data.sinks import _names
from frlib.data.sinks._images import ImageFiles
from frlib.data.sources import image_folder as source_module

SUFFIXES = ()
LOST_PER_IMAGE_BYTES = 2048


class Config(Base):
    """A folder of identities."""

    name: Literal["image_folder"] = "image_folder"
    path: str = place(..., doc="folder to make, for a folder per identity")
    files: Literal["last", "id"] = setting(
        "last", doc="files are named by the last component of the id, or by the whole id"
    )


def open_sink(config: Config, folder: Path, outline: Outline, mark: Mark | None) -> Sink:
    """A writer of the files."""
    return _FolderSink(config, folder, outline, mark)


def stored_names(config: Config, identities: tuple[str, ...]) -> tuple[str, ...]:
    """Names of folders."""
    return _names.stored_names(identities)


def source(config: Config, colour: Literal["RGB", "BGR"]) -> source_module.Config:
    """Reads the folder."""
    return source_module.Config(path=config.path, colour=colour)


class _FolderSink:
    def __init__(self, config: Config, folder: Path, outline: Outline, mark: Mark | None) -> None:
        self._files = ImageFiles(folder, outline, mark, whole=config.files == "id")
        self._rows = mark["rows"] if mark else 0

    def add(self, item: Item) -> None:
        self._files.write(item)
        self._rows += 1

    def commit(self) -> Mark:
        return {"rows": self._rows, **self._files.commit()}

    def finish(self) -> None:
        self._files.commit()

    def close(self) -> None:
        """No file stays open."""
