"""Zip archives of identity folders, read in place: WebFace's `s_k.zip`, or any like them.

Members are `.../identity/image.jpg`; the id is the last two components, the identity the folder.
Other files are left out and counted in the manifest's facts. An archive that could harm (see
`_zip_directory`) is refused. `subsets` chooses WebFace's shards by the number before the first
underline: 0 is WebFace4M, 0 and 1 are 8M, 0 to 2 are 12M, all are 42M.

A ref is the running number in order of file name and position. An opened set keeps 23 bytes a
member (42.5 M members: about 1 GB) and no names. Reading a directory takes about 4 µs a member and,
for that time, 400 bytes a member of one archive. CRCs are checked whenever an image is read.
"""

import logging
import re
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data import decode, threads
from frlib.data.manifest import Manifest, checksum, from_table
from frlib.data.progress import Progress
from frlib.data.sources import _files
from frlib.data.sources._zip_directory import Members, local_name, members, unpack
from frlib.data.storage.blobs import Blob, first_bytes, open_blob
from frlib.data.storage.listing import files
from frlib.data.storage.places import Place, at
from frlib.data.texts import Texts, joined, texts

_CHUNK = 512
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_SHARD = re.compile(r"(\d+)_\d+\.zip")
_log = logging.getLogger(__name__)


class Config(Base):
    """Images in zip archives of identity folders."""

    name: Literal["zip_shards"] = "zip_shards"
    path: str = place(..., doc="zip file, or folder of *.zip files")
    subsets: tuple[int, ...] = setting(
        (),
        doc="subsets of WebFace, s in s_k.zip (0: 4M, 0-1: 8M, 0-2: 12M); empty: all",
    )
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")
    trusted: bool = setting(True, doc="the folder's name is the truth; else truth is unknown")


class _Shard(NamedTuple):
    place: Place
    blob: Blob


def scan(config: Config) -> Manifest:
    """Every image with identity and checksum, an archive at a time in order of position."""
    ids, names, sums = list[Texts](), list[Texts](), list[NDArray[np.bytes_]]()
    ignored = 0
    shards = _paths(config)
    for number, path in enumerate(shards, start=1):
        shard = _Shard(path, open_blob(path, "a zip archive"))
        found, others = members(shard.blob, path, _is_image)
        ignored += others
        pairs = [name.rsplit("/", 2)[-2:] for name in found.names]
        ids.append(texts([f"{folder}/{file}" for folder, file in pairs]))
        names.append(texts([folder for folder, _ in pairs]))
        sums.append(_checksums(shard, found, f"scanning {path}, {number} of {len(shards)}"))
    if not sum(map(len, ids)):
        raise DataError(
            f"zip_shards: {config.path} holds no image ({ignored:,} other files); expected members "
            "such as .../identity/image.jpg"
        )
    return from_table(
        ids=joined(ids),
        names=joined(names),
        checksums=np.concatenate(sums),
        refs=np.arange(sum(map(len, ids))),
        reader=config,
        colour=config.colour,
        trusted=config.trusted,
        facts={"ignored_files": ignored},
    )


def open_reader(config: Config) -> "ZipReader":
    """A reader by running number."""
    return ZipReader(config)


def fingerprint(config: Config) -> str:
    """Over the path, size and time of change of every archive."""
    return _files.fingerprint(_paths(config))


def recognise(path: Place) -> Config | None:
    """A file that begins as a zip archive does, or a folder of `*.zip` files."""
    if path.is_dir():
        return Config(path=str(path)) if files(path, ".zip") else None
    named = path.suffix == ".zip" and first_bytes(path, 4) == b"PK\x03\x04"
    return Config(path=str(path)) if named else None


class ZipReader:
    """Encoded images by running number, straight from the archives."""

    def __init__(self, config: Config) -> None:
        self.colour: str = config.colour
        self._path = config.path
        self._shards = [_Shard(path, open_blob(path, "a zip archive")) for path in _paths(config)]
        parts = [members(shard.blob, shard.place, _is_image)[0] for shard in self._shards]
        counts = [len(part.names) for part in parts]
        self._shard = np.repeat(np.arange(len(parts), dtype=np.int16), counts)
        self._offsets = np.concatenate([part.offsets for part in parts])
        self._stored = np.concatenate([part.stored for part in parts])
        self._sizes = np.concatenate([part.sizes for part in parts])
        self._sums = np.concatenate([part.sums for part in parts])
        self._deflated = np.concatenate([part.deflated for part in parts])

    def images(self, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """`[n]` refs -> `[n, size, size, 3]` RGB."""
        return decode.images(self, refs, size)

    def read(self, ref: int) -> bytes:
        """The encoded image, its CRC checked."""
        shard, offset = self._find(ref)
        return unpack(
            shard.blob,
            shard.place,
            offset,
            self._stored.item(ref),
            self._sizes.item(ref),
            self._sums.item(ref),
            self._deflated.item(ref),
        )

    def where(self, ref: int) -> str:
        """The archive and the sample id."""
        shard, offset = self._find(ref)
        name, _ = local_name(shard.blob, shard.place, offset)
        return f"{shard.place}: {'/'.join(name.rsplit('/', 2)[-2:])}"

    def _find(self, ref: int) -> tuple[_Shard, int]:
        if not 0 <= ref < len(self._offsets):
            raise DataError(f"{self._path}: no member {ref}; it changed since it was scanned")
        return self._shards[self._shard.item(ref)], self._offsets.item(ref)


def _is_image(name: str) -> bool:
    if not name.lower().endswith(_SUFFIXES) or name.startswith("__MACOSX/"):
        return False
    parts = name.rsplit("/", 2)
    return len(parts) > 1 and parts[-1][0] != "." and parts[-2][0] != "."


def _checksums(shard: _Shard, found: Members, what: str) -> NDArray[np.bytes_]:
    sums = np.empty(len(found.names), dtype="S32")
    progress = Progress(_log, what, len(sums))

    def one(start: int) -> None:
        rows = range(start, min(start + _CHUNK, len(sums)))
        for row in rows:
            data = unpack(
                shard.blob,
                shard.place,
                found.offsets.item(row),
                found.stored.item(row),
                found.sizes.item(row),
                found.sums.item(row),
                found.deflated.item(row),
            )
            sums[row] = checksum(data)
        progress.advance(len(rows))

    threads.over(range(0, len(sums), _CHUNK), one)
    progress.finish()
    return sums


def _paths(config: Config) -> list[Place]:
    path = at(config.path)
    if path.is_dir():
        found = files(path, ".zip")
        if not found:
            raise DataError(f"zip_shards: {path} holds no *.zip file")
    elif path.is_file():
        found = [path]
    else:
        raise DataError(f"zip_shards: {path} does not exist; expected a zip file or a folder")
    if not config.subsets:
        return found
    subset_of = {file: _SHARD.fullmatch(file.name) for file in found}
    present = {int(match[1]) for match in subset_of.values() if match}
    missing = sorted(set(config.subsets) - present)
    if missing:
        raise DataError(
            f"zip_shards: {path} has no archive of subsets {missing}; it has {sorted(present)} "
            "by the first number of s_k.zip. Correct subsets, or leave it empty for all archives."
        )
    return [file for file, match in subset_of.items() if match and int(match[1]) in config.subsets]
