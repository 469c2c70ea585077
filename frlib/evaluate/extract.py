"""Embeddings of a source's images, in blocks that are kept: a job that died goes on where it was.

Blocks are `store/embeddings/KEY/00000.arrow`, ... KEY covers the model's digest and where it ran,
the images' ids and checksums, views, batch and number format: whoever does a block, now or after a
crash, on this machine or beside others (`share`), the block is the same. A damaged one is done
again.
"""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.config import Config, digest, to_dict
from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.data import catalog
from frlib.data.contents import contents
from frlib.data.convert.watch import Logged, Watch
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.choose import open_pixels
from frlib.data.texts import Texts, texts
from frlib.data.vectors import Vectors
from frlib.evaluate import features
from frlib.evaluate.features import Features
from frlib.evaluate.model import Model

_log = logging.getLogger(__name__)
_BLOCK_ROWS = 4096
BATCH = 128


@dataclass(frozen=True, eq=False)
class Job:
    """What is embedded, how, and where its blocks are kept.

    images: in the order of their places in the source, which is how they are read. about: what the
    features will say about themselves.
    """

    images: Manifest
    about: dict[str, Any]
    folder: Path
    mirrored: bool
    exact: bool
    batch: int

    @property
    def num_blocks(self) -> int:
        """Blocks of whole batches, about 4,096 images each."""
        return -(-len(self.images) // self._rows)

    @property
    def _rows(self) -> int:
        return max(1, _BLOCK_ROWS // self.batch) * self.batch

    def rows(self, block: int) -> NDArray[np.int64]:
        """Rows of `images` that make this block."""
        return np.arange(block * self._rows, min((block + 1) * self._rows, len(self.images)))

    def path(self, block: int) -> Path:
        """Where this block is kept."""
        return self.folder / f"{block:05d}.arrow"

    def read(self, block: int) -> Features | None:
        """A block that is done, or None."""
        path = self.path(block)
        if not path.is_file():
            return None
        try:
            found = features.load(path)
        except DataError as error:
            _log.warning("%s; this block is embedded again", error)
            return None
        return found


def plan(
    model: Model,
    source: Config,
    store: Path,
    *,
    ids: Texts | list[str] | None = None,
    mirrored: bool = True,
    exact: bool = False,
    batch: int = BATCH,
) -> Job:
    """The job of embedding a source, or these of its images; nothing is embedded yet.

    `DataError` names ids that the source does not have.
    """
    if batch < 1:
        raise ConfigError(f"batch={batch}; expected at least 1 image")
    whole = catalog.scan(source, store)
    images = whole if ids is None else whole.take(rows_of(whole, texts(ids), source))
    images = images.take(np.lexsort((images.refs, images.sources)))
    about = {
        **model.about,
        "mirrored": mirrored,
        "images": images.digest,
        "source": {k: v for k, v in to_dict(source, places=False).items() if v is not None},
    }
    key = digest({"about": about, "batch": batch, "exact": exact})
    folder = store / "embeddings" / key
    about["contents"] = contents(images)
    return Job(images, about, folder, mirrored, exact, batch)


def extract(
    model: Model,
    source: Config,
    store: Path,
    *,
    ids: Texts | list[str] | None = None,
    mirrored: bool = True,
    exact: bool = False,
    batch: int = BATCH,
    threads: int = 1,
    watch: Watch | None = None,
) -> Features:
    """Features of a source's images (of these ids, if given), reusing the blocks in the store.

    exact: keep float32 numbers, not float16 directions with norms. threads: that decode a batch.
    What is returned is what the blocks hold, so it is the same whether or not they were there.
    `DataError` for images that are missing, damaged or changed; `NumericsError` names images whose
    embedding is not finite.
    """
    job = plan(model, source, store, ids=ids, mirrored=mirrored, exact=exact, batch=batch)
    work(job, model, store, threads=threads, watch=watch)
    return collect(job)


def share(
    model: Model,
    source: Config,
    store: Path,
    *,
    part: int,
    parts: int,
    ids: Texts | list[str] | None = None,
    mirrored: bool = True,
    exact: bool = False,
    batch: int = BATCH,
    threads: int = 1,
    watch: Watch | None = None,
) -> int:
    """Do the blocks of one of `parts` workers on one store; returns how many images it embedded.

    Afterwards `extract` with the same arguments finds them.
    """
    if not 0 <= part < parts:
        raise ConfigError(f"part {part} of {parts}; expected 0 to {parts - 1}")
    job = plan(model, source, store, ids=ids, mirrored=mirrored, exact=exact, batch=batch)
    mine = range(part, job.num_blocks, parts)
    return work(job, model, store, blocks=mine, threads=threads, watch=watch)


def work(
    job: Job,
    model: Model,
    store: Path,
    *,
    blocks: range | None = None,
    threads: int = 1,
    watch: Watch | None = None,
) -> int:
    """Do those of these blocks (all by default) that are not done; returns images embedded."""
    wanted = range(job.num_blocks) if blocks is None else blocks
    left = [block for block in wanted if job.read(block) is None]
    if not left:
        return 0
    done = sum(len(job.rows(block)) for block in wanted if block not in left)
    safeio.write_json(job.folder / "about.json", job.about)
    with open_pixels(job.images, model.size, store, mode="encoded", threads=threads) as pixels:
        return embed_blocks(job, model, pixels, left, done=done, watch=watch)


def embed_blocks(
    job: Job,
    model: Model,
    pixels: Pixels,
    blocks: Sequence[int],
    *,
    done: int = 0,
    watch: Watch | None = None,
) -> int:
    """Do these blocks, each kept as soon as it is whole; returns images embedded.

    pixels: of `job.images`. done: images that were done before, for the watch.
    """
    watch = watch or Logged()
    count = sum(len(job.rows(block)) for block in blocks)
    watch.begin(f"embedding with {job.about['kind']} {job.about['digest']}", done + count, done)
    for block in blocks:
        views = _embedded(job, model, pixels, job.rows(block), watch)
        ids = job.images.ids[job.rows(block)]
        mirrored = views[1] if job.mirrored else None
        Features(ids, views[0], mirrored, job.about).save(job.path(block), exact=job.exact)
    watch.end()
    return count


def collect(job: Job) -> Features:
    """The features of a finished job, in the order of its images; `DataError` if blocks lack."""
    found = [job.read(block) for block in range(job.num_blocks)]
    lacking = [block for block, one in enumerate(found) if one is None]
    if lacking:
        raise DataError(
            f"{job.folder}: {len(lacking)} of {job.num_blocks} blocks are not done, first "
            f"{lacking[0]}; run every part (0 of n to n-1 of n) with the same arguments first"
        )
    parts = [one for one in found if one is not None]
    return features.join(parts, parts[0].about)


def rows_of(whole: Manifest, ids: Texts, source: Config) -> NDArray[np.int64]:
    """Rows of these ids, each once, in the order of the source; `DataError` for ids it lacks."""
    if not len(ids):
        raise ConfigError("no ids: nothing to embed")
    where = f"source {getattr(source, 'name', '')} at {getattr(source, 'path', '(no path)')}"
    known = Vectors(whole.ids, np.empty((len(whole), 1), dtype=np.float32), where)
    try:
        return np.unique(known.places(ids))
    except DataError:
        lacking = np.setdiff1d(ids, whole.ids)
        names = ", ".join(repr(str(name)) for name in lacking[:5])
        raise DataError(
            f"{where}: {len(lacking):,} of {len(np.unique(ids)):,} images are missing, first "
            f"{names}; it has {len(whole):,} images, first {str(whole.ids[0])!r}. Are list and "
            "images of the same set, with names as the list writes them?"
        ) from None


def _embedded(
    job: Job, model: Model, pixels: Pixels, rows: NDArray[np.int64], watch: Watch
) -> list[NDArray[np.float32]]:
    """`[n, D]` for every view; the next batch is decoded while one is embedded."""
    views: list[list[NDArray[np.float32]]] = [[] for _ in range(1 + job.mirrored)]
    for at, images in _read_ahead(pixels, rows, job.batch):
        for number, view in enumerate(views):
            shown = images[:, :, ::-1] if number else images
            view.append(_checked(model.embed(np.ascontiguousarray(shown)), job, at))
        watch.advance(len(at))
    return [np.concatenate(view) for view in views]


def _read_ahead(
    pixels: Pixels, rows: NDArray[np.int64], batch: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    batches = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    with ThreadPoolExecutor(1, "read-ahead") as reader:
        waiting = reader.submit(pixels.batch, batches[0])
        for number, at in enumerate(batches):
            images = waiting.result()
            if number + 1 < len(batches):
                waiting = reader.submit(pixels.batch, batches[number + 1])
            yield at, images


def _checked(found: NDArray[np.float32], job: Job, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    expected = (len(rows), job.about["dimensions"])
    if found.shape != expected:
        raise DataError(
            f"model {job.about['kind']} {job.about['digest']} gave {found.shape} numbers for "
            f"{len(rows)} images; expected {expected}"
        )
    bad = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if len(bad):
        raise NumericsError(
            f"model {job.about['kind']} {job.about['digest']}: the embedding of "
            f"{str(job.images.ids[rows[bad[0]]])!r} is not finite ({len(bad)} of {len(rows)} in "
            "its batch). Check the weights, or embed in float32."
        )
    return found
