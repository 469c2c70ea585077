"""Sources by name, and their manifests kept in the store so that a set is scanned once.

A kept manifest is used only while the source's fingerprint is the same; a stale or torn file is
made again. Files: `store/datasets/manifests/KEY.npz`, KEY over the source's config with its paths.
Arrays and JSON only, never pickle.
"""

import hashlib
import json
import logging
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from frlib.core import discover, safeio
from frlib.core.config import Config, canonical
from frlib.data.manifest import Manifest
from frlib.data.once import only_one
from frlib.data.reader import Reader

_PACKAGE = "frlib.data.sources"
_FORMAT = 1
_TEXTS = ("ids", "checksums")
_NUMBERS = ("refs", "sources", "labels", "true_labels", "kinds")
_log = logging.getLogger(__name__)


def open_reader(config: Config) -> Reader:
    """The reader of a source."""
    reader: Reader = _module(config).open_reader(config)
    return reader


def scan(config: Config, store: Path) -> Manifest:
    """The manifest of a source, from the store where a fresh one is kept."""
    module = _module(config)
    if not hasattr(module, "fingerprint"):
        scanned: Manifest = module.scan(config)
        return scanned
    key = hashlib.sha256(canonical(config).encode()).hexdigest()[:16]
    path = store / "datasets" / "manifests" / f"{key}.npz"
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
        "colour": manifest.colour,
        "facts": manifest.facts,
    }
    texts = {name: np.strings.encode(getattr(manifest, name), "utf-8") for name in _TEXTS}
    numbers = {name: getattr(manifest, name) for name in _NUMBERS}
    about_bytes = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    arrays: dict[str, Any] = {"about": about_bytes, **texts, **numbers}
    with safeio.atomic(path) as aside, aside.open("wb") as file:
        np.savez(file, **arrays)


def _load(path: Path, config: Config, mark: str) -> Manifest | None:
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            about = json.loads(stored["about"].tobytes())
            if about["mark"] != mark:
                _log.info("%s: its source changed, scanning again", path)
                return None
            columns: dict[str, Any] = {
                name: np.strings.decode(stored[name], "utf-8") for name in _TEXTS
            }
            columns |= {name: stored[name] for name in _NUMBERS}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        _log.warning("%s: damaged (%s), scanning again", path, error)
        return None
    return Manifest(
        **columns,
        identities=tuple(about["identities"]),
        readers=(config,),
        colour=about["colour"],
        facts=about["facts"],
    )
