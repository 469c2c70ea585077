"""Galleries of a report: what the rules of a study suspected, in the runs that stand for cells."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from frlib.artifacts.store import placed
from frlib.records.read import Attempt, Records

if TYPE_CHECKING:
    from analysis.report.build import Gallery

_MOST, _CLASSES, _IMAGES = 6, 2, 10
_DECIDED, _EVIDENCE = "clean.decide", "clean.evidence"
"""Names of stages, as runs note their outputs."""


def galleries(name: str, store: Path) -> list["Gallery"]:
    """Of the first seed of every cell that was cleaned, the first six; none is sent anywhere.

    Findings that are no longer in the store are left out.
    """
    from frlib.records import layout, read

    records = read.outline(layout.find_study(store, name))
    return [_gallery(one, says, store) for one, says in _runs(records, store)]


def _runs(records: Records, store: Path) -> Iterator[tuple[Attempt, str]]:
    """Runs with findings of their own in the store, and the cell of each in words."""
    from analysis.columns import axis_title, axis_value

    shown: set[str] = set()
    arms = {arm.digest: arm for arm in records.arm_list}
    for one in records.attempts:
        place = _artifacts(one).get(_DECIDED, "")
        if not one.counts or not place or one.arm in shown or len(shown) == _MOST:
            continue
        if (placed(store, place) / "findings.parquet").is_file():
            shown.add(one.arm)
            cell = arms[one.arm].cell.items()
            words = ", ".join(f"{axis_title(axis)} {axis_value(axis, v)}" for axis, v in cell)
            yield one, f"{words}, seed {one.seed}"


def _gallery(one: Attempt, says: str, store: Path) -> "Gallery":
    from analysis.galleries import corrections
    from analysis.report.build import Gallery
    from frlib.cleaning import evidence as folder
    from frlib.cleaning import findings as file
    from frlib.cleaning.cases import cases
    from frlib.cli.denoise.gallery_page import gallery_of
    from frlib.cli.denoise.subject import manifest_of, placed_on

    places = {name: placed(store, place) for name, place in _artifacts(one).items()}
    run = str(one.folder.parent)
    manifest = manifest_of(run, "", [], store)
    found = placed_on(file.read(places[_DECIDED] / "findings.parquet"), manifest, run)
    seen = folder.read(places[_EVIDENCE]) if places.get(_EVIDENCE, store).is_dir() else None
    picked = cases(seen, found, manifest, few=_CLASSES, images=_IMAGES)
    shown = gallery_of(picked, found, manifest, seen)
    stored = io.BytesIO()
    corrections.draw(shown).save(stored, "PNG", optimize=True)
    return Gallery(f"{shown.title}: {says}", shown.subtitle, stored.getvalue())


def _artifacts(one: Attempt) -> dict[str, str]:
    return dict((one.run.get("facts") or {}).get("artifacts") or {})
