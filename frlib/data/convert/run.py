"""A set of identities from any source into any sink: whole or absent, and never twice from 0.

Beside the target `B` stands `.B.convert` while it is made: the files in `set`, and a journal that
is replaced after every commit. A conversion that was stopped, in whatever way, goes on after its
last commit, and the bytes at the end are the same. At the end the set is read back and compared
with the manifest, then renamed.

Rows are in order of (identity, id). The given labels are written; what is known of their truth is
not.
"""

import errno
import logging
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frlib.core import discover
from frlib.core.config import Config, canonical, with_path
from frlib.core.errors import ConfigError, DataError
from frlib.core.safeio import DiskFullError
from frlib.data import catalog
from frlib.data.convert import journal, stream, verify
from frlib.data.convert.journal import Journal
from frlib.data.convert.watch import Logged, Watch
from frlib.data.manifest import CLEAN, Manifest
from frlib.data.once import only_one
from frlib.data.reader import ByteReader
from frlib.data.sink import Outline, Sink

SINKS = "frlib.data.sinks"
SOURCES = "frlib.data.sources"
_log = logging.getLogger(__name__)
_SPARE_BYTES = 64 << 20
_BESIDE_AN_IMAGE_BYTES = 256


@dataclass(frozen=True, kw_only=True)
class Converted:
    """What was written. before: images of earlier, interrupted runs. seconds: of copying."""

    target: Path
    images: int
    identities: int
    bytes: int
    before: int
    seconds: float
    verified: bool


@dataclass(frozen=True, kw_only=True)
class Options:
    """restart: forget an interrupted conversion. verify: read back and compare.

    A commit comes after so many images, bytes or seconds, whichever is first. memory: bytes of
    images that are read ahead.
    """

    restart: bool = False
    verify: bool = True
    commit_images: int = 20_000
    commit_bytes: int = 256 << 20
    commit_seconds: float = 10
    memory: int = stream.MEMORY


def convert(
    source: Config,
    target: Config,
    store: Path,
    options: Options | None = None,
    watch: Watch | None = None,
) -> Converted:
    """Write the images of `source` as `target` (the config of a sink) says.

    `store` keeps the manifest of the source. Raises `DataError` if the target exists, an image
    cannot be read or stored, or an interrupted conversion was of something else; `DiskFullError`
    if there is no room.
    """

    def scanned() -> Manifest:
        manifest = catalog.scan(source, store)
        if (manifest.kinds != CLEAN).any():
            place = target.path  # type: ignore[attr-defined]
            _log.warning("%s: the written set has the given labels only", place)
        return manifest

    return _Conversion(target, options, watch).run(scanned)


def write(
    manifest: Manifest,
    target: Config,
    options: Options | None = None,
    watch: Watch | None = None,
) -> Converted:
    """Write the images of a manifest, whose rows are in order of (label, id); else as `convert`."""
    return _Conversion(target, options, watch).run(lambda: manifest)


def kept(target: Path) -> int:
    """Images that an interrupted conversion to this path has made safe."""
    entry = journal.load(_work(target.expanduser()) / "journal.json")
    return 0 if entry is None else entry.rows


def _work(place: Path) -> Path:
    return place.with_name(f".{place.name}.convert")


class _Conversion:
    def __init__(self, target: Config, options: Options | None, watch: Watch | None) -> None:
        self._target, self._options, self._watch = target, options or Options(), watch or Logged()
        self._module: Any = discover.load(SINKS, target.name)  # type: ignore[attr-defined]
        self._place = Path(target.path).expanduser()  # type: ignore[attr-defined]
        self._work = _work(self._place)
        self._set = self._work / "set"
        self._journal = self._work / "journal.json"

    def run(self, scan: Callable[[], Manifest]) -> Converted:
        self._require_free()
        manifest = scan()
        readers = byte_readers(manifest)
        stored = self._module.stored_names(self._target, manifest.identities)
        with only_one(self._work / "convert", f"converting to {self._place}"):
            self._require_free()
            try:
                return self._under_lock(manifest, readers, stored)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise DiskFullError(
                        f"{self._work}: the disk is full; what was committed is kept. Free some "
                        "room and run the same command again."
                    ) from error
                raise

    def _under_lock(
        self, manifest: Manifest, readers: Sequence[ByteReader], stored: tuple[str, ...]
    ) -> Converted:
        start = time.monotonic()
        entry = self._entry(manifest)
        before = entry.rows
        if entry.state == "copying":
            mean = stream.mean_bytes(manifest, readers)
            self._require_room(len(manifest) - entry.rows, mean)
            entry = self._copy(manifest, readers, entry, mean)
        seconds = time.monotonic() - start
        if self._set.exists():
            if self._options.verify and entry.state == "written":
                self._verify(manifest, stored)
                entry = journal.advanced(self._journal, entry, state="verified")
            self._set.rename(self._place)
        self._tidy()
        return Converted(
            target=self._place,
            images=len(manifest),
            identities=int((manifest.class_sizes > 0).sum()),
            bytes=entry.bytes,
            before=before,
            seconds=seconds,
            verified=entry.state == "verified",
        )

    def _entry(self, manifest: Manifest) -> Journal:
        """Where to go on, with the set's folder in place.

        A journal whose files are gone is worth nothing, and neither are files without a journal.
        """
        gone = not self._set.exists() and not self._place.exists()
        if self._options.restart or gone:
            self._journal.unlink(missing_ok=True)
        if not self._journal.exists() and self._set.exists():
            shutil.rmtree(self._set)
        new = Journal(source=manifest.digest, target=canonical(self._target, places=False))
        entry = journal.begun(self._journal, new)
        if entry.state == "copying":
            self._set.mkdir(exist_ok=True)
        return entry

    def _copy(
        self, manifest: Manifest, readers: Sequence[ByteReader], entry: Journal, mean: float
    ) -> Journal:
        outline = Outline(identities=manifest.identities, class_sizes=manifest.class_sizes)
        sink: Sink = self._module.open_sink(self._target, self._set, outline, entry.mark)
        self._watch.begin(f"writing {self._place}", len(manifest), entry.rows)
        pace = _Pace(self._options)
        sizes: list[int] = []
        batches = stream.batches(manifest, readers, entry.rows, mean, self._options.memory)
        with closing(sink), closing(batches):
            for batch in batches:
                for item in batch:
                    sink.add(item)
                    sizes.append(len(item.data))
                    if pace.is_due(len(item.data)):
                        entry = self._committed(sink, entry, sizes)
                        pace = _Pace(self._options)
                self._watch.advance(len(batch))
            sink.finish()
        self._watch.end()
        return journal.advanced(
            self._journal,
            entry,
            mark={"rows": len(manifest)},
            bytes=entry.bytes + sum(sizes),
            state="written",
        )

    def _committed(self, sink: Sink, entry: Journal, sizes: list[int]) -> Journal:
        """The journal after a commit. `sizes`: of the images that were not safe before it."""
        mark = sink.commit()
        safe = mark["rows"] - entry.rows
        total = entry.bytes + sum(sizes[:safe])
        del sizes[:safe]
        return journal.advanced(self._journal, entry, mark=mark, bytes=total)

    def _verify(self, manifest: Manifest, stored: tuple[str, ...]) -> None:
        self._watch.begin(f"reading back {self._place}", len(manifest), 0)
        aside = with_path(self._target, "path", str(self._set))
        reads = self._module.source(aside, manifest.colour)
        found = discover.load(SOURCES, reads.name).scan(reads)
        verify.require_same(manifest, stored, found)
        self._watch.advance(len(manifest))
        self._watch.end()

    def _require_free(self) -> None:
        """`DataError` if the target exists, unless this work put it there and could not end."""
        if not os.path.lexists(self._place):
            return
        kept = None if self._options.restart else journal.load(self._journal)
        if kept is None or kept.state == "copying" or self._set.exists():
            if self._work.exists() and not self._set.exists():
                self._tidy()
            raise DataError(
                f"{self._place} exists; expected a path where nothing is. A target that is there "
                "is whole: use it, remove it, or name another."
            )

    def _tidy(self) -> None:
        """Remove what stands beside the target, the journal last: it says that the work is done."""
        for path in self._work.iterdir():
            if path != self._journal:
                path.unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)
        self._work.rmdir()

    def _require_room(self, images: int, mean: float) -> None:
        each = mean + _BESIDE_AN_IMAGE_BYTES + getattr(self._module, "LOST_PER_IMAGE_BYTES", 0)
        needed = int(images * each) + _SPARE_BYTES
        free = shutil.disk_usage(self._work).free
        if free < needed:
            raise DiskFullError(
                f"{self._place.parent}: {free / 1e9:,.1f} GB free; {images:,} images of about "
                f"{mean:,.0f} bytes need {needed / 1e9:,.1f} GB. Free some room or name a target "
                "on another disk."
            )


class _Pace:
    """Counts images, bytes and seconds up to the next commit."""

    def __init__(self, options: Options) -> None:
        self._images, self._bytes = options.commit_images, options.commit_bytes
        self._end = time.monotonic() + options.commit_seconds

    def is_due(self, size: int) -> bool:
        """Whether a commit comes after this image of `size` bytes."""
        self._images -= 1
        self._bytes -= size
        return self._images <= 0 or self._bytes <= 0 or time.monotonic() >= self._end


def byte_readers(manifest: Manifest) -> tuple[ByteReader, ...]:
    """The manifest's readers; `ConfigError` if one makes its images instead of keeping them."""
    readers = []
    for config in manifest.readers:
        reader = catalog.open_reader(config)
        if not isinstance(reader, ByteReader):
            raise ConfigError(
                f"source {config.name}: makes its images when they are asked for and has no stored "
                "bytes to convert; expected a source of image files or records"
            )
        readers.append(reader)
    return tuple(readers)
