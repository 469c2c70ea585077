"""What an operator calls a gallery, as a protocol: a search, IJB, pairs, or just people's images.

A set of images with a folder (or class) for each person, or a list `path,identity`, becomes a
search: the first image of everybody, by name in folders and as listed in lists, is enrolled, the
others are probes; people with one image are enrolled too and are nobody's mate. The list of the
search is kept in the store, `galleries/<name>-<digest>.csv`.
"""

import csv
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.config import Config
from frlib.core.errors import ConfigError, DataError
from frlib.data import catalog
from frlib.data.lists.identification import EXTRA, GALLERY, PROBE, ROLES
from frlib.data.recognise import recognise
from frlib.data.texts import Texts
from frlib.evaluate import protocol
from frlib.evaluate.protocols import all_pairs, identification, megaface


def named(text: str, store: Path) -> Config:
    """The protocol of a path, or of JSON.

    `ConfigError` where nothing is known there, or what is there has no enrolled side; `DataError`
    where a set has fewer than two people with two images.
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
    if isinstance(config, all_pairs.Config):
        return _of_list(config, store)
    return config


def search_of(source: Config, store: Path) -> identification.Config:
    """The search that a set of people makes."""
    manifest = catalog.scan(source, store)
    where = str(getattr(source, "path", "set"))
    path = _kept(where, manifest.ids, np.array(manifest.identities), manifest.labels, store)
    return identification.Config(path=str(path), images=source)


def _of_list(config: all_pairs.Config, store: Path) -> identification.Config:
    """The search that a list of people makes; its images are looked for when they are needed."""
    if config.other:
        raise ConfigError(
            f"{config.path} and {config.other}: two lists whose images are all compared have no "
            "probes to look for. Call them gallery.csv and probe.csv in one folder, and give that"
        )
    (listed,) = all_pairs.read(config)
    names, labels = np.unique(listed.identities, return_inverse=True)
    path = _kept(config.path, listed.paths, names, labels, store)
    root = config.root or str(Path(config.path).absolute().parent)
    return identification.Config(path=str(path), root=root, images=config.images)


def _kept(
    where: str, ids: Texts, names: NDArray[Any], labels: NDArray[np.int64], store: Path
) -> Path:
    """The list of a search in the store. labels: `[N]` places of the images' people in names."""
    sizes = np.bincount(labels)
    able = int((sizes > 1).sum())
    if able < 2:
        raise DataError(
            f"{where}: {able} of {int((sizes > 0).sum()):,} people have two images or more; a "
            "search needs two people at least, each with an image to find and one to ask with"
        )
    content = _search(ids, names, labels, sizes)
    digest = hashlib.sha256(content).hexdigest()[:16]
    path = store / "galleries" / f"{Path(where).stem}-{digest}.csv"
    if not path.is_file() or path.read_bytes() != content:
        safeio.write_bytes(path, content)
    return path


def _search(
    ids: Texts, names: NDArray[Any], labels: NDArray[np.int64], sizes: NDArray[np.int64]
) -> bytes:
    order = np.argsort(labels, kind="stable")
    _, first = np.unique(labels[order], return_index=True)
    roles = np.full(len(labels), PROBE)
    roles[order[first]] = GALLERY
    roles[sizes[labels] == 1] = EXTRA
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("path", "identity", "role"))
    for row in order.tolist():
        writer.writerow((ids[row], names[labels[row]], ROLES[roles[row]]))
    return text.getvalue().encode()
