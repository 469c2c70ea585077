"""Sources by name, and their manifests kept in the store so that a set is scanned once.

A kept manifest is used only while the source's fingerprint is the same; a stale or torn file is
made again. Files: `store/datasets/manifests/KEY.parquet`, KEY over the source's config with its
paths, with a checksum for every page.
"""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from frlib.core import discover, safeio
from frlib.core.config import Config, canonical
from frlib.data.manifest import Manifest
from frlib.data.once import only_one
from frlib.data.pairsets.listed import ListedPairs
from frlib.data.reader import Reader
from frlib.data.texts import texts, to_arrow

_PACKAGE = "frlib.data.sources"
_FORMAT = 2
_ABOUT = b"frlib"
_LONGEST = 1 << 30
_NUMBERS = ("refs", "sources", "labels", "true_labels", "kinds")
_log = logging.getLogger(__name__)


def open_reader(config: Config, store: Path | None = None) -> Reader:
    """The reader of a source; with a store, of the source made `ready` in it."""
    if store is not None:
        config = ready(config, store)
    reader: Reader = _module(config).open_reader(config)
    return reader


def ready(config: Config, store: Path) -> Config:
    """The config of a source with what it lacked (an index) made in the store; idempotent."""
    module = _module(config)
    made: Config = module.ready(config, store) if hasattr(module, "ready") else config
    return made


def names_people(config: Config) -> bool:
    """Whether equal identity names mean the same person: not without files, not class numbers."""
    return bool(getattr(config, "names_people", hasattr(config, "path")))


def has_people(config: Config) -> bool:
    """Whether an identity of the set is a person: not in a set that brings pairs and no names."""
    return not hasattr(_module(config), "pairs")


def checksums_files(config: Config) -> bool:
    """Whether equal checksums are to be expected where another source has the same image."""
    return bool(getattr(config, "checksums_files", True))


def own_pairs(config: Config) -> ListedPairs | None:
    """The pairs that a verification set brings, by the ids of its images; None of other sets."""
    module = _module(config)
    found: ListedPairs | None = module.pairs(config) if hasattr(module, "pairs") else None
    return found


def scan(config: Config, store: Path) -> Manifest:
    """The manifest of a source, from the store where a fresh one is kept.

    Its reader is `ready(config, store)`.
    """
    module = _module(config)
    config = ready(config, store)
    if not hasattr(module, "fingerprint"):
        scanned: Manifest = module.scan(config)
        return scanned
    key = hashlib.sha256(canonical(config).encode()).hexdigest()[:16]
    path = store / "datasets" / "manifests" / f"{key}.parquet"
    mark = f"{_FORMAT}:{module.fingerprint(config)}"
    kept = _load(path, config, mark)
    if kept is not None:
        return kept
    with only_one(path, f"scanning {getattr(config, 'path', key)}"):
        kept = _load(path, config, mark)
        if kept is None:
            kept = module.scan(config)
            _save(path, kept, mark)
        return kept


def _module(config: Config) -> Any:
    return discover.load(_PACKAGE, config.name)  # type: ignore[attr-defined]


def _save(path: Path, manifest: Manifest, mark: str) -> None:
    about = {
        "mark": mark,
        "identities": manifest.identities,
        "others": manifest.others,
        "colour": manifest.colour,
        "facts": manifest.facts,
    }
    columns = {name: pa.array(getattr(manifest, name)) for name in _NUMBERS}
    columns["ids"] = to_arrow(manifest.ids)
    columns["checksums"] = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(manifest.checksums.itemsize),
        len(manifest),
        [None, pa.py_buffer(np.ascontiguousarray(manifest.checksums))],
    )
    table = pa.table(columns).replace_schema_metadata({_ABOUT: json.dumps(about)})
    with safeio.atomic(path) as aside:
        pq.write_table(
            table, aside, compression="none", use_dictionary=False, write_page_checksum=True
        )


def _load(path: Path, config: Config, mark: str) -> Manifest | None:
    if not path.is_file():
        return None
    try:
        with pq.ParquetFile(
            path,
            page_checksum_verification=True,
            thrift_string_size_limit=_LONGEST,
            thrift_container_size_limit=_LONGEST,
        ) as file:
            about = json.loads(file.schema_arrow.metadata[_ABOUT])
            if about["mark"] != mark:
                _log.info("%s: its source changed, scanning again", path)
                return None
            table = file.read()
            columns: dict[str, Any] = {name: _numbers(table[name]) for name in _NUMBERS}
            columns["ids"] = texts(table["ids"])
            columns["checksums"] = _sums(table["checksums"])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        _log.warning("%s: damaged (%s), scanning again", path, error)
        return None
    return Manifest(
        **columns,
        identities=tuple(about["identities"]),
        others=tuple(about["others"]),
        readers=(config,),
        colour=about["colour"],
        facts=about["facts"],
    )


def _numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    return np.concatenate([chunk.to_numpy() for chunk in column.chunks])


def _sums(column: pa.ChunkedArray) -> NDArray[np.bytes_]:
    """From the buffers themselves: no object for each row, and no pandas imported for it."""
    kind = np.dtype(f"S{column.type.byte_width}")
    return np.concatenate(
        [
            np.frombuffer(chunk.buffers()[1], kind, len(chunk), chunk.offset * kind.itemsize)
            for chunk in column.chunks
        ]
    )
