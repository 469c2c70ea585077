"""Images that lists name: the probes and distractors of a search, or any table with paths.

Every list has a folder that its paths start from; ids are the paths as listed, so that what is
computed for them is found by the names that a protocol uses. Forms of lists:
`frlib.data.benchmarks.named`.
"""

from typing import Literal

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data.benchmarks import named
from frlib.data.manifest import Manifest, from_table
from frlib.data.sources import _files
from frlib.data.storage.blobs import first_bytes
from frlib.data.storage.places import Place, Remote, absolute, at

_FIRST_LINES = 8192


class Config(Base):
    """Lists and their folders."""

    name: Literal["named_files"] = "named_files"
    path: str = place(..., doc="CSV, JSON or text that names images, or a folder of them")
    root: str = place("", doc="folder its paths start from; empty: where the list is")
    more: tuple[str, ...] = place((), doc="further lists; an image may be in several")
    more_roots: tuple[str, ...] = place((), doc="one for each further list; empty: all as root")
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")


class _Listing:
    def __init__(self, config: Config) -> None:
        roots = config.more_roots or ("",) * len(config.more)
        if len(roots) != len(config.more):
            raise DataError(
                f"named_files: {len(config.more)} further lists and {len(roots)} folders; expected "
                "a folder for each"
            )
        self.where: dict[str, Place] = {}
        self.people: dict[str, str] = {}
        self.lists: list[Place] = []
        for text, root in zip((config.path, *config.more), (config.root, *roots), strict=True):
            file = at(text)
            if isinstance(file, Remote) or not file.exists():
                raise DataError(f"named_files: {text} is no file or folder of this machine")
            beside = at(config.root) if config.root else (file if file.is_dir() else file.parent)
            start = at(root) if root else beside
            found = named.read(file)
            assert found.persons is not None
            self.lists.append(file)
            for name, person in zip(found.paths, found.persons, strict=True):
                if absolute(self.where.setdefault(name, start / name)) != absolute(start / name):
                    raise DataError(
                        f"named_files: {name!r} is two files, {self.where[name]} and "
                        f"{start / name}; rename one of the folders"
                    )
                self.people.setdefault(name, person)
        self.files = list(self.where.values())
        missing = [str(file) for file in self.files if not file.is_file()]
        if missing:
            raise DataError(
                f"named_files: {len(missing):,} of {len(self.files):,} images are not there: "
                f"{_files.first_five(missing)}. Set root to the folder that the paths start from, "
                "or restore the files."
            )


def scan(config: Config) -> Manifest:
    """Every image once; a ref is its place in the lists."""
    listing = _Listing(config)
    return from_table(
        ids=list(listing.where),
        names=list(listing.people.values()),
        checksums=_files.checksums(at("/"), [absolute(file)[1:] for file in listing.files]),
        refs=range(len(listing.files)),
        reader=config,
        colour=config.colour,
        trusted=True,
    )


def open_reader(config: Config) -> _files.FileReader:
    """A reader over the images in the order of the lists."""
    files = _Listing(config).files
    return _files.FileReader(at("/"), [absolute(file)[1:] for file in files], config.colour)


def fingerprint(config: Config) -> str:
    """Over the lists and every image they name."""
    listing = _Listing(config)
    lists = [file for file in listing.lists if not file.is_dir()]
    return _files.fingerprint([*lists, *listing.files])


def recognise(path: Place) -> Config | None:
    """A `.csv` with a column path whose first image lies where it says, from the list on."""
    if isinstance(path, Remote) or path.suffix != ".csv" or not path.is_file():
        return None
    lines = first_bytes(path, _FIRST_LINES).decode("utf-8", "replace").splitlines()
    names = [name.strip() for name in lines[0].split(",")] if lines else []
    if "path" not in names or len(lines) < 2:
        return None
    fields = lines[1].split(",")
    named_there = len(fields) == len(names) and fields[names.index("path")]
    is_there = bool(named_there) and (path.parent / str(named_there)).is_file()
    return Config(path=str(path)) if is_there else None
