"""Image files and a text file that names them: `list.txt`, lines `path<2 blanks>label`.

As BoundaryFace's lists. The paths are relative to the list: `images/identity/file.jpg`. The label
is the identity's name, or its number from 0.
"""

from pathlib import Path
from typing import Literal

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data.sink import Item, Mark, Outline, Sink
from frlib.data.sinks._appended import Appended
from frlib.data.sinks._images import ImageFiles
from frlib.data.sources import image_list as source_module

SUFFIXES = (".txt", ".lst")
LOST_PER_IMAGE_BYTES = 2048
_LIST, _IMAGES = "list.txt", "images"


class Config(Base):
    """Image files and their list."""

    name: Literal["image_list"] = "image_list"
    path: str = place(..., doc="folder to make, for list.txt and images/")
    labels: Literal["names", "numbers"] = setting(
        "names", doc="a label is the identity's name, or its number from 0"
    )
    files: Literal["last", "id"] = setting(
        "last", doc="files are named by the last component of the id, or by the whole id"
    )


def open_sink(config: Config, folder: Path, outline: Outline, mark: Mark | None) -> Sink:
    """A writer of the files and the list."""
    return _ListSink(config, folder, outline, mark)


def stored_names(config: Config, identities: tuple[str, ...]) -> tuple[str, ...]:
    """The labels; `DataError` for a name with blanks, at which a reader would split the line."""
    if config.labels == "numbers":
        return tuple(str(number) for number in range(len(identities)))
    for name in identities:
        if name.split() != [name] or not name.isprintable():
            raise DataError(
                f"identity {name!r} has blanks or control characters, which no label in a list can "
                "have; expected one word. Number the identities: --set to.labels=numbers"
            )
    return identities


def source(config: Config, colour: Literal["RGB", "BGR"]) -> source_module.Config:
    """Reads the list."""
    return source_module.Config(path=str(Path(config.path) / _LIST), colour=colour)


class _ListSink:
    def __init__(self, config: Config, folder: Path, outline: Outline, mark: Mark | None) -> None:
        self._labels = stored_names(config, outline.identities)
        images = folder / _IMAGES
        images.mkdir(exist_ok=True)
        self._files = ImageFiles(images, outline, mark, whole=config.files == "id")
        self._list = Appended(folder / _LIST, mark["list_bytes"] if mark else 0)
        self._rows = mark["rows"] if mark else 0

    def add(self, item: Item) -> None:
        name = self._files.write(item)
        self._list.write(f"{_IMAGES}/{name}  {self._labels[item.label]}\n".encode())
        self._rows += 1

    def commit(self) -> Mark:
        return {"rows": self._rows, "list_bytes": self._list.to_disk(), **self._files.commit()}

    def finish(self) -> None:
        self.commit()

    def close(self) -> None:
        self._list.close()
