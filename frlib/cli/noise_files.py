"""What `frlib noise make` writes: a folder that is whole or absent."""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from frlib.cli import noise_page, noise_sheet
from frlib.core import safeio
from frlib.core.errors import ConfigError, DataError
from frlib.data import catalog, text_lists
from frlib.data.lab import truth_table
from frlib.data.lab.draw import Draw
from frlib.data.manifest import Manifest
from frlib.data.storage.places import absolute


def write(draw: Draw, out: Path) -> list[str]:
    """Write everything beside `out`, then give it the name; returns a line for every part.

    Raises `ConfigError` where `out` exists.
    """
    if out.exists():
        raise ConfigError(f"{out} exists; name a folder that does not, or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        aside.chmod(0o755)
        truth_table.write(draw.noisy, aside / "truth.parquet")
        lists = _lists(draw, aside / "lists")
        noise_sheet.write(draw, aside / "sheet.png")
        safeio.write_json(aside / "facts.json", noise_page.facts(draw) | {"lists": lists})
        aside.rename(out)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return [
        f"Truth of {len(draw.noisy):,} images  {out / 'truth.parquet'}",
        f"Text lists  {lists if lists.startswith('none') else out / lists}",
        f"Facts  {out / 'facts.json'}",
        f"Contact sheet  {out / 'sheet.png'}",
    ]


def _lists(draw: Draw, folder: Path) -> str:
    """Write text lists; says which one to train on, or why there are none."""
    paths, original = _paths(draw.noisy), _paths(draw.reference)
    if paths is None or original is None:
        return "none: the samples are not files of their own"
    noise = draw.lab.noise
    flips = sum(s.ratio for s in (noise.closed, noise.asymmetric))
    try:
        written = text_lists.write(
            folder, draw.noisy, draw.reference, paths, original, (flips, noise.open.ratio)
        )
    except DataError as error:
        return f"none: {error}"
    return f"lists/{written.last.name}"


def _paths(manifest: Manifest) -> list[str] | None:
    """`[N]` absolute paths; None where some samples are not files."""
    readers = [catalog.open_reader(config) for config in manifest.readers]
    used = np.unique(manifest.sources).tolist()
    if not all(hasattr(readers[number], "path") for number in used):
        return None
    return [
        absolute(readers[number].path(ref))
        for number, ref in zip(manifest.sources.tolist(), manifest.refs.tolist(), strict=True)
    ]
