"""A folder of evaluation lists: pairs.csv, identification.csv, and facts.json about both.

* `pairs.csv`: `protocol, fold, path_a, path_b, same`; protocol `random`, and `hard` where
  embeddings were given. A `PairBenchmark` reads it beside the source of the images.
* `identification.csv`: `path, identity, role`.
* `distractors.csv`: the same columns, of another source, where one was given.

Paths are sample ids of the source. The folder is whole or absent.
"""

import csv
import io
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from frlib import __version__
from frlib.core import safeio
from frlib.core.config import Config, setting, to_dict
from frlib.core.errors import DataError
from frlib.data import catalog
from frlib.data import pairs as verification
from frlib.data.lists.hard import harden
from frlib.data.lists.identification import EXTRA, ROLES, choose
from frlib.data.lists.leave_out import leave_out
from frlib.data.manifest import Manifest
from frlib.data.pairs import Pairs
from frlib.data.vectors import Vectors

RANDOM, HARD = "random", "hard"
_PAIR_COLUMNS = ("protocol", "fold", "path_a", "path_b", "same")
_ROLE_COLUMNS = ("path", "identity", "role")


class ListsConfig(Config):
    """How many pairs are drawn, in how many folds."""

    num_pairs: int = setting(6000, ge=20, doc="pairs, half same, half different")
    folds: int = setting(10, ge=1, doc="folds that share no person")
    seed: int = setting(0, ge=0, doc="of every draw")


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Whose images; extra people for the gallery; training sets whose people are left out."""

    images: Config
    distractors: Config | None = None
    exclude: tuple[Config, ...] = ()


def make(
    sources: Sources, out: Path, config: ListsConfig, store: Path, vectors: Vectors | None = None
) -> dict[str, Any]:
    """Write the folder `out` and return what its facts.json says.

    `vectors`: embeddings of the images, for hard pairs. Raises `DataError` if `out` exists or the
    images are of too few people; nothing is left behind then.
    """
    if out.exists():
        raise DataError(f"{out} exists; lists are never overwritten. Remove it or name another.")
    whole = catalog.scan(sources.images, store)
    training = [(one, catalog.scan(one, store)) for one in sources.exclude]
    kept = leave_out(whole, training)
    drawn = {RANDOM: verification.draw(kept.manifest, config.num_pairs, config.folds, config.seed)}
    if vectors is not None:
        drawn[HARD] = harden(kept.manifest, drawn[RANDOM], vectors)
    search = choose(kept.manifest, config.seed)
    files = {
        "pairs.csv": _csv(_PAIR_COLUMNS, _pair_rows(kept.manifest, drawn)),
        "identification.csv": _csv(_ROLE_COLUMNS, _role_rows(kept.manifest, search.roles)),
    }
    facts: dict[str, Any] = {
        "made_by": f"frlib {__version__}",
        "settings": to_dict(config),
        "images": _about(sources.images, whole),
        "left_out": {
            "training_sets": [_about(one, known) for one, known in training],
            "people_by_name": kept.by_name,
            "people_by_image_only": kept.by_image,
        },
        "people": kept.manifest.num_classes,
        "verification": {name: _counts(kept.manifest, pairs) for name, pairs in drawn.items()},
        "identification": search.counts(),
        "rules": list(_rules(HARD in drawn)),
    }
    if sources.distractors is not None:
        others, counts = _distractors(sources, kept.manifest, training, store)
        files["distractors.csv"] = _csv(
            _ROLE_COLUMNS, _role_rows(others, np.full(len(others), EXTRA, dtype=np.int8))
        )
        facts["distractors"] = _about(sources.distractors, others) | counts
    with _folder(out) as aside:
        for name, text in files.items():
            safeio.write_text(aside / name, text)
        facts["files"] = {name: safeio.sha256(aside / name) for name in sorted(files)}
        safeio.write_json(aside / "facts.json", facts)
    return facts


def _distractors(
    sources: Sources,
    people: Manifest,
    training: list[tuple[Config, Manifest]],
    store: Path,
) -> tuple[Manifest, dict[str, int]]:
    """Images of others, without the people who are asked about and those whom training knows."""
    assert sources.distractors is not None
    whole = catalog.scan(sources.distractors, store)
    kept = leave_out(whole, [(sources.images, people), *training])
    left_out = {"people_left_out": whole.num_classes - kept.manifest.num_classes}
    return kept.manifest, left_out


def _about(source: Config, manifest: Manifest) -> dict[str, Any]:
    return {
        "format": getattr(source, "name", "?"),
        "digest": manifest.digest,
        "images": len(manifest),
        "identities": manifest.num_classes,
    }


def _counts(manifest: Manifest, pairs: Pairs) -> dict[str, int]:
    rows = np.concatenate([pairs.left, pairs.right])
    return {
        "pairs": len(pairs),
        "same": int(pairs.same.sum()),
        "folds": pairs.num_folds,
        "people": len(np.unique(manifest.labels[rows])),
        "images": len(np.unique(rows)),
    }


def _rules(has_hard: bool) -> Iterator[str]:
    yield "Paths are sample ids of the source of the images."
    yield "Folds share no person; half of the pairs of a fold show one person, half show two."
    yield f"Nobody gives more than {verification.MAX_SAME_PER_PERSON} same pairs."
    if has_hard:
        yield "Read one protocol at a time: they have their same pairs in common."
        yield (
            "Protocol hard: the same pairs of protocol random; its different pairs are the fold's "
            "most similar images by cosine, two people meeting again only when all have met."
        )
    yield "gallery: a random image of everybody with two or more; probe: their other images."
    yield "gallery_extra: people with one image, and everybody in distractors.csv."


def _pair_rows(manifest: Manifest, drawn: dict[str, Pairs]) -> Iterator[tuple[Any, ...]]:
    for name, pairs in drawn.items():
        left, right = manifest.ids[pairs.left].tolist(), manifest.ids[pairs.right].tolist()
        yield from (
            (name, fold, a, b, int(same))
            for fold, a, b, same in zip(
                pairs.fold.tolist(), left, right, pairs.same.tolist(), strict=True
            )
        )


def _role_rows(manifest: Manifest, roles: "np.ndarray") -> Iterator[tuple[Any, ...]]:
    for name, label, role in zip(
        manifest.ids.tolist(), manifest.labels.tolist(), roles.tolist(), strict=True
    ):
        yield name, manifest.identities[label], ROLES[role]


def _csv(columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """A hidden folder beside `out`, which takes its name at the end or is removed."""
    aside = out.with_name(f".{out.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    aside.mkdir(parents=True)
    try:
        yield aside
        aside.rename(out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
