"""A cleaned set as a data set of its own, in any format of `frlib.data.sinks`.

Image bytes are the source's; labels are those after the findings. Beside the set `B` stands
`B.classes.csv`, a row for every class there was: `name`, `old` number, `new` number (empty where
nothing of the class is left).
"""

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from frlib.cleaning.applied import DROPPED, Cleaned, apply_to
from frlib.cleaning.evidence import Apply
from frlib.cleaning.findings import Findings
from frlib.core import safeio
from frlib.core.config import Config, with_path
from frlib.core.errors import FrlibError
from frlib.data import flaws
from frlib.data.convert import run
from frlib.data.convert.run import Converted, Options
from frlib.data.convert.watch import Watch
from frlib.data.manifest import Manifest
from frlib.data.texts import chunks


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written. classes: the map of classes. facts: as `apply_to` counts them.

    flawed: images whose noise lies in pixels (blur, occlusion, resolution): it is drawn in
    training, and their bytes are without it. named_by_id: files are named by whole ids, for short
    names would have met in a class.
    """

    set: Converted
    classes: Path
    facts: dict[str, Any]
    flawed: int
    named_by_id: bool


def write(
    manifest: Manifest,
    found: Findings,
    apply: Apply,
    target: Config,
    options: Options | None = None,
    watch: Watch | None = None,
) -> Written:
    """Clean a set by findings that are `placed` on it and write it as `target`, a sink's config.

    Images are streamed; the set is whole or absent, and an interrupted one is gone on with.
    `DataError` where too little is left, and as `frlib.data.convert`.
    """
    cleaned = apply_to(manifest, found, apply)
    left = _in_order(cleaned.manifest)
    by_id = getattr(target, "files", "id") == "last" and _names_meet(left)
    if by_id:
        target = with_path(target, "files", "id")
    place = Path(target.path).expanduser()  # type: ignore[attr-defined]
    classes = place.with_name(f"{place.name}.classes.csv")
    is_new = not os.path.lexists(place)
    if is_new:
        safeio.write_text(classes, _table(manifest, cleaned))
    try:
        done = run.write(left, target, options, watch)
    except FrlibError:
        if is_new and not run.kept(place):
            classes.unlink(missing_ok=True)
        raise
    flawed = 0 if left.flaws is None else int((left.flaws.kinds != flaws.NONE).sum())
    return Written(
        set=done,
        classes=classes,
        facts=left.facts["cleaning"],
        flawed=flawed,
        named_by_id=by_id,
    )


def _in_order(manifest: Manifest) -> Manifest:
    """By label, then id: relabelled images stand among those of their new class."""
    by_id = np.argsort(manifest.ids, kind="stable")
    return manifest.take(by_id[np.argsort(manifest.labels[by_id], kind="stable")])


def _names_meet(manifest: Manifest) -> bool:
    """Whether two images of a class have ids with the same last component."""
    at, seen = -1, set[str]()
    for label, name in zip(manifest.labels.tolist(), _last(manifest), strict=True):
        if label != at:
            at, seen = label, set()
        if name in seen:
            return True
        seen.add(name)
    return False


def _last(manifest: Manifest) -> Iterator[str]:
    for part in chunks(manifest.ids):
        yield from (one.rpartition("/")[2] for one in part.tolist())


def _table(manifest: Manifest, cleaned: Cleaned) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("name", "old", "new"))
    numbers = cleaned.new_class.tolist()
    for old, (name, new) in enumerate(zip(manifest.identities, numbers, strict=True)):
        rows.writerow((name, old, "" if new == DROPPED else new))
    return out.getvalue()
