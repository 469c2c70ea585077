"""Galleries of suspected samples: classes, which of their images are suspected, what spoke for it.

    class     [image 1] [image 2] [image] ...        its images by suspicion, flagged ones numbered
    1         [image] -> [nearest of the proposed class]  score over epochs  what is true

Pixels and texts come in as plain values, so a gallery knows nothing of data sets, and it reaches
nothing beyond the file that it writes: an HTML page that needs nothing else, or a PNG picture.
"""

from pathlib import Path

from analysis.galleries._gallery import Card as Card
from analysis.galleries._gallery import Curve as Curve
from analysis.galleries._gallery import Gallery as Gallery
from analysis.galleries._gallery import Mark as Mark
from analysis.galleries._gallery import Outcome as Outcome
from analysis.galleries._gallery import Pixels as Pixels
from analysis.galleries._gallery import Section as Section
from analysis.galleries._gallery import Tile as Tile
from analysis.galleries._page import page
from analysis.galleries._picture import draw as draw
from frlib.core import safeio
from frlib.core.errors import ConfigError

SUFFIXES = (".html", ".png")


def check(path: Path) -> None:
    """`ConfigError` if a gallery cannot be written there, before any work is done for it."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(
            f"{path}: a gallery is written as {' or '.join(SUFFIXES)}; found {path.suffix!r}"
        )


def write(gallery: Gallery, path: Path) -> Path:
    """Write the gallery in the format of the suffix, whole or not at all; returns the path."""
    check(path)
    if path.suffix.lower() == ".html":
        safeio.write_text(path, page(gallery))
    else:
        picture = draw(gallery)
        with safeio.atomic(path) as aside:
            picture.save(aside, "PNG", optimize=True)
    return path
