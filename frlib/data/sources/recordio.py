"""RecordIO: `train.rec` and `train.idx` of InsightFace or im2rec, read without MXNet.

A sample id is the record's key, an identity the class number in its label, both with eight digits
or more, so that labels keep the order of the file's classes. With `ids="list"` names come from the
`.lst` beside the records instead: an identity is the folder a picture was in, an id that folder and
the file. Records without an image (record 0 and one per identity in InsightFace's files) are left
out and counted in the manifest's facts. Classes and images are counted from the records; a
`property` file that says otherwise is reported.

A ref is the key. Without an index beside the records one is made: in the store, once, where there
is a store to keep it in (`ready`), else in memory at every start.
"""

import hashlib
import logging
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.config import Config as Base
from frlib.core.config import place, setting
from frlib.core.errors import DataError
from frlib.data import decode, threads
from frlib.data.manifest import Manifest, checksum, from_table
from frlib.data.once import only_one
from frlib.data.progress import Progress
from frlib.data.recordio import header
from frlib.data.recordio import index as indices
from frlib.data.recordio.companions import Paths, read_paths, read_property
from frlib.data.recordio.entries import Numbers
from frlib.data.recordio.identities import layout
from frlib.data.recordio.reader import RecordFile
from frlib.data.sources import _files
from frlib.data.storage.places import Place, absolute, at, stamp
from frlib.data.texts import Texts, texts

_log = logging.getLogger(__name__)
_CHUNK = 512


class Config(Base):
    """Images in a RecordIO file."""

    name: Literal["recordio"] = "recordio"
    path: str = place(..., doc=".rec file, or folder that holds train.rec")
    index: str = place("", doc="index of the records; empty: the .idx beside them")
    ids: Literal["keys", "list"] = setting(
        "keys", doc="ids and identities are record keys and class numbers, or names in the .lst"
    )
    colour: Literal["RGB", "BGR"] = setting("RGB", doc="channel order of the stored pixels")
    trusted: bool = setting(True, doc="the label is the truth; else truth is unknown")

    @property
    def names_people(self) -> bool:
        """Class numbers mean other people in another file; names in a list do not."""
        return self.ids == "list"


def scan(config: Config) -> Manifest:
    """Every image with class and checksum, read once in order of the file."""
    records = _open(config)
    found = layout(records)
    if not found.exact:
        _log.warning(
            "%s: record 0 or an identity record holds numbers from 2**24 on, which float32 rounds; "
            "images are taken from the index and classes from the images",
            records.path,
        )
    keys = found.images[np.argsort(records.index.offsets_of(found.images))]
    classes, sums = np.empty(len(keys), dtype=np.int64), np.empty(len(keys), dtype="S32")
    progress = Progress(_log, f"scanning {records.path}", len(keys))

    def one(start: int) -> None:
        chunk = keys[start : start + _CHUNK].tolist()
        for row, key in enumerate(chunk, start=start):
            head, image = _image(records, key)
            classes[row] = header.class_of(head, records.path, records.index.offset(key))
            sums[row] = checksum(image)
        progress.advance(len(chunk))

    threads.over(range(0, len(keys), _CHUNK), one)
    progress.finish()
    facts = {"records_without_image": len(records.index) - len(keys)}
    ids, names = _names(config, records.path, keys, classes)
    return from_table(
        ids=ids,
        names=names,
        checksums=sums,
        refs=keys,
        reader=config,
        colour=config.colour,
        trusted=config.trusted,
        facts=facts | _stated_classes(records.path, len(np.unique(classes))),
    )


def open_reader(config: Config) -> "RecordReader":
    """A reader by key."""
    return RecordReader(config)


def fingerprint(config: Config) -> str:
    """Over the path, size and time of change of the records, of their index and of the list."""
    path, index = _paths(config)
    listed = [path.with_suffix(".lst")] if config.ids == "list" else []
    return _files.fingerprint([path, *([index] if index.exists() else []), *listed])


def ready(config: Config, store: Path) -> Config:
    """The config with an index: where none lies beside the records, one made in the store.

    The data folder is left as it is. The index is named after the path, size and time of change of
    the records, so it is made again when they change.
    """
    path, index = _paths(config)
    if config.index or index.exists():
        return config
    key = hashlib.sha256(f"{absolute(path)}\n{stamp(path)}".encode()).hexdigest()[:16]
    kept = store / "datasets" / "indices" / f"{key}.idx"
    if not kept.is_file():
        with only_one(kept, f"indexing {path}"):
            if not kept.is_file():
                found = RecordFile(path, kept).index
                with safeio.atomic(kept) as aside, aside.open("wb") as file:
                    for block in indices.text(found):
                        file.write(block)
                _log.info("%s: its index is kept in %s", path, kept)
    return config.model_copy(update={"index": str(kept.absolute())})


def recognise(path: Place) -> Config | None:
    """A `.rec` file, or a folder that holds `train.rec`."""
    named = path.suffix == ".rec" and path.is_file()
    return Config(path=str(path)) if named or (path / "train.rec").is_file() else None


class RecordReader:
    """Encoded images by key, over a memory map."""

    def __init__(self, config: Config) -> None:
        self.colour: str = config.colour
        self._records = _open(config)

    def images(self, refs: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """`[n]` refs -> `[n, size, size, 3]` RGB."""
        return decode.images(self, refs, size)

    def read(self, ref: int) -> bytes:
        """The encoded image of this key."""
        return self._records.encoded(ref) or _image(self._records, ref)[1]

    def where(self, ref: int) -> str:
        """The file and the record's key, which is the sample id unless ids come from a list."""
        return f"{self._records.path}: {ref:08d}"


def _names(config: Config, path: Place, keys: Numbers, classes: Numbers) -> tuple[Texts, Texts]:
    """`[N]` ids and `[N]` identity names of these records."""
    if config.ids == "keys":
        return _eight_digits(keys), _eight_digits(classes)
    file = path.with_suffix(".lst")
    listed = read_paths(file)
    places = listed.places_of(keys, file)
    differ = np.flatnonzero(listed.labels[places] != classes)
    if len(differ):
        raise DataError(
            f"{file}: {len(differ):,} of {len(keys):,} labels differ from the records', first of "
            f"key {keys[differ[0]]}: {listed.labels[places[differ[0]]]} in the list, "
            f"{classes[differ[0]]} in the record. The list belongs to another file; set ids=keys."
        )
    return _folders(listed, places, file)


def _folders(listed: Paths, places: Numbers, file: Place) -> tuple[Texts, Texts]:
    ids, names = [], []
    for path in listed.paths[places].tolist():
        parts = path.replace("\\", "/").split("/")
        if len(parts) < 2 or not (parts[-1] and parts[-2]):
            raise DataError(
                f"{file}: path {path!r} has no folder to name the person; expected "
                ".../identity/image. Set ids=keys to use record keys and class numbers."
            )
        ids.append(f"{parts[-2]}/{parts[-1]}")
        names.append(parts[-2])
    return texts(ids), texts(names)


def _eight_digits(numbers: Numbers) -> Texts:
    padded: Texts = np.strings.zfill(numbers.astype(np.dtypes.StringDType()), 8)
    return padded


def _image(records: RecordFile, key: int) -> tuple[header.Header, bytes]:
    head, image = records.image(key)
    if not image:
        raise DataError(
            f"{records.path}, offset {records.index.offset(key)}: key {key} has no image after its "
            "header; expected an encoded image. Make the file again without this record."
        )
    return head, image


def _paths(config: Config) -> tuple[Place, Place]:
    path = at(config.path)
    if path.is_dir():
        path = path / "train.rec"
    if not path.is_file():
        raise DataError(f"recordio: {path} does not exist; expected a .rec file")
    index = at(config.index) if config.index else path.with_suffix(".idx")
    if config.index and not index.is_file():
        raise DataError(f"recordio: index {index} does not exist; leave it out to have it made")
    return path, index


def _open(config: Config) -> RecordFile:
    return RecordFile(*_paths(config))


def _stated_classes(path: Place, counted: int) -> dict[str, int]:
    file = path.with_name("property")
    if not file.is_file():
        return {}
    stated = read_property(file).num_classes
    if stated != counted:
        _log.warning(
            "%s says %s classes, the images have %s; the images count",
            file,
            f"{stated:,}",
            f"{counted:,}",
        )
    return {"classes_in_property": stated}
