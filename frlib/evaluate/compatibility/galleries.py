"""What an operator calls a gallery, as a protocol: a search, IJB, pairs, or just people's images.

A set of images with a folder (or class) for each person becomes a search: the first image of
everybody by name is enrolled, the others are probes; people with one image are enrolled too and are
nobody's mate. Its list is kept in the store, `galleries/<name>-<digest>.csv`.
"""

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.config import Config
from frlib.core.errors import ConfigError, DataError
from frlib.data import catalog
from frlib.data.lists.identification import EXTRA, GALLERY, PROBE, ROLES
from frlib.data.manifest import Manifest
from frlib.data.recognise import recognise
from frlib.evaluate import protocol
from frlib.evaluate.protocols import all_pairs, identification, megaface


def named(text: str, store: Path) -> Config:
    """The protocol of a path, or of JSON.

    `ConfigError` where nothing is known there; `DataError` where a set has fewer than two people
    with two images.
    """
    try:
        config = protocol.named(text)
    except ConfigError as unknown:
        if text.lstrip().startswith("{") or not Path(text).expanduser().exists():
            raise
        try:
            source = recognise(text)
        except (ConfigError, DataError):
            raise unknown from None
        return search_of(source, store)
    if isinstance(config, megaface.Config):
        raise ConfigError(
            f"{text}: megaface has no enrolled side; give a search, whose distractors these can be"
        )
    if isinstance(config, all_pairs.Config) and not config.other:
        return search_of(all_pairs.source(config), store)
    return config


def search_of(source: Config, store: Path) -> identification.Config:
    """The search that a set of people makes."""
    manifest = catalog.scan(source, store)
    sizes = manifest.class_sizes
    able = int((sizes > 1).sum())
    if able < 2:
        where = getattr(source, "path", "this set")
        raise DataError(
            f"{where}: {able} of {int((sizes > 0).sum()):,} people have two images or more; a "
            "search needs two people at least, each with an image to find and one to ask with"
        )
    content = _list(manifest, sizes)
    stem = Path(str(getattr(source, "path", "set"))).stem
    path = store / "galleries" / f"{stem}-{manifest.digest}.csv"
    if not path.is_file() or path.read_bytes() != content:
        safeio.write_bytes(path, content)
    return identification.Config(path=str(path), images=source)


def _list(manifest: Manifest, sizes: NDArray[np.int64]) -> bytes:
    order = np.argsort(manifest.labels, kind="stable")
    _, first = np.unique(manifest.labels[order], return_index=True)
    roles = np.full(len(manifest), PROBE)
    roles[order[first]] = GALLERY
    roles[sizes[manifest.labels] == 1] = EXTRA
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("path", "identity", "role"))
    for row in order.tolist():
        person = manifest.identities[manifest.labels[row]]
        writer.writerow((manifest.ids[row], person, ROLES[roles[row]]))
    return text.getvalue().encode()
