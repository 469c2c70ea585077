"""Which images a set holds, whatever their order, whoever they show and wherever they lie."""

import hashlib

import pyarrow.compute as pc

from frlib.data.manifest import Manifest
from frlib.data.texts import lines, to_arrow


def contents(manifest: Manifest) -> str:
    """16 hex digits over colour order, ids and checksums."""
    order = pc.sort_indices(to_arrow(manifest.ids)).to_numpy()
    hasher = hashlib.sha256(f"{manifest.colour}\n".encode())
    for column in (manifest.ids, manifest.checksums):
        for part in lines(column[order]):
            hasher.update(part)
        hasher.update(b"\0")
    return hasher.hexdigest()[:16]
