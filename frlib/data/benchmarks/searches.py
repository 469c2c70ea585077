"""Searches that a user brings: who is enrolled, who is looked for, and who is only in the way.

* a folder: `gallery.csv`, `probe.csv`, perhaps `distractors.csv` and `protocol.json`. Columns:
  `path,subject[,template][,media][,score]`; distractors need `path` only;
* one CSV `path,identity,role` with the roles `gallery`, `probe` and `gallery_extra` (people who
  are nobody's mate), as `frlib data pairs` writes it.

Images of one `template` (a text) are one entry; without the column every image is one. Images of
one `media` (the frames of a video) are averaged before templates add media up. `score` weighs an
image. Shapes: N images.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import ValidationError

from frlib.core import config, safeio
from frlib.core.config import Config, setting
from frlib.core.errors import DataError, RecordError
from frlib.data import tables
from frlib.data.lists.identification import ROLES

_KINDS = dict.fromkeys(("path", "subject", "identity", "template", "media", "role"), pa.string())
_EXPECTED = "expected a header with path,subject (or identity) and perhaps template,media,score"


class Protocol(Config):
    """`protocol.json`: which of the numbers of a set is its headline."""

    variant: Literal["identification-best-template"] = setting(
        "identification-best-template", doc="several templates of a subject: the best one counts"
    )
    ranks: tuple[int, ...] = setting((1, 5, 10), doc="ranks of the closed-set rates")
    fars: tuple[float, ...] = setting((0.01, 0.1), doc="false-positive identification rates")
    flip: Literal["none", "sum"] = setting("sum", doc="views of an image that are compared")
    pooling: Literal["N0D0", "N0D1", "N1D0", "N1D1"] = setting(
        "N1D0", doc="norms kept (N1) and face scores used (D1) when images are pooled"
    )


@dataclass(frozen=True, eq=False)
class Role:
    """Images of one role and the templates they make.

    paths: `[N]`. templates, media: `[N]` numbers. scores: `[N]`, None where no column. names,
    subjects: of template 0, 1, ..; a distractor's subject is its own name.
    """

    paths: tuple[str, ...]
    templates: NDArray[np.int64]
    media: NDArray[np.int64]
    scores: NDArray[np.float32] | None
    names: tuple[str, ...]
    subjects: tuple[str, ...]

    @property
    def has_pools(self) -> bool:
        """Whether a template has several images."""
        return len(self.names) < len(self.paths)


@dataclass(frozen=True, eq=False)
class Search:
    """A set. distractors: None where there are none."""

    gallery: Role
    probes: Role
    distractors: Role | None
    protocol: Protocol


def read(path: Path, more_distractors: Path | None = None) -> Search:
    """The set at a folder or a CSV, with the distractors of a further CSV added."""
    if path.is_dir():
        gallery, probes = (_rows(path / f"{role}.csv") for role in ("gallery", "probe"))
        own = path / "distractors.csv"
        others = [_rows(own, has_subjects=False)] if own.exists() else []
        told = path / "protocol.json"
        protocol = _protocol(told) if told.exists() else Protocol()
    else:
        gallery, probes, others = _by_role(path)
        protocol = Protocol()
    if more_distractors is not None:
        others.append(_rows(more_distractors, has_subjects=False))
    distractors = _role(pa.concat_tables(others, promote_options="default")) if others else None
    return Search(_role(gallery), _role(probes), distractors, protocol)


def _protocol(file: Path) -> Protocol:
    try:
        raw = safeio.read_json(file)
        return Protocol.model_validate(raw)
    except ValidationError as error:
        raise DataError(f"{file}: {config.explained(error)}") from error
    except (RecordError, RecursionError) as error:
        raise DataError(f"{file}: {error or 'nested too deep'}; expected JSON") from error


def _by_role(file: Path) -> tuple[pa.Table, pa.Table, list[pa.Table]]:
    table = _rows(file)
    if "role" not in table.column_names:
        raise DataError(
            f"{file}: columns {', '.join(table.column_names)}; expected path,identity,role, or a "
            "folder with gallery.csv and probe.csv"
        )
    role = np.array(table["role"].to_pylist())
    strange = sorted(set(role.tolist()) - set(ROLES))
    if strange:
        raise DataError(f"{file}: role {strange[0]!r}; expected one of {', '.join(ROLES)}")
    gallery, probes, extra = (table.filter(pa.array(role == one)) for one in ROLES)
    for name, one in zip(ROLES, (gallery, probes), strict=False):
        if not one.num_rows:
            raise DataError(f"{file}: no row of role {name!r}; a search needs gallery and probes")
    return gallery, probes, [extra] if extra.num_rows else []


def _rows(file: Path, *, has_subjects: bool = True) -> pa.Table:
    table = tables.with_header(file, _KINDS | {"score": pa.float32()}, _EXPECTED)
    names = table.column_names
    if "identity" in names and "subject" not in names:
        names = ["subject" if name == "identity" else name for name in names]
        table = table.rename_columns(names)
    needed = {"path", "subject"} if has_subjects else {"path"}
    if needed - set(names):
        raise DataError(f"{file}: columns {', '.join(names)}; {_EXPECTED}")
    kept = [
        name for name in ("path", "subject", "template", "media", "score", "role") if name in names
    ]
    table = table.select(kept)
    paths = table["path"].to_pylist()
    if len(set(paths)) != len(paths):
        raise DataError(f"{file}: {len(paths) - len(set(paths)):,} paths are listed twice")
    if "score" in kept:
        score = table["score"].to_numpy()
        if not (np.isfinite(score) & (score >= 0)).all():
            raise DataError(f"{file}: a score is negative or not finite; expected 0 to 1")
    if not has_subjects:
        table = table.select([name for name in kept if name != "subject"])
    return table


def _role(table: pa.Table) -> Role:
    paths = table["path"].to_pylist()
    names, number = _numbered(table, "template", paths)
    _, media = _numbered(table, "media", paths)
    of_image = table["subject"].to_pylist() if "subject" in table.column_names else None
    subjects = list(names) if of_image is None else [""] * len(names)
    for row, subject in enumerate(of_image or ()):
        template = int(number[row])
        if subjects[template] not in ("", subject):
            raise DataError(
                f"template {names[template]!r} has images of {subjects[template]!r} and of "
                f"{subject!r}; expected one subject"
            )
        subjects[template] = subject
    has_scores = "score" in table.column_names and not table["score"].null_count
    scores = table["score"].to_numpy() if has_scores else None
    return Role(tuple(paths), number, media, scores, names, tuple(subjects))


def _numbered(
    table: pa.Table, column: str, paths: list[str]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Names in order of appearance, and the number of each row's; its path where there is none."""
    given = table[column].to_pylist() if column in table.column_names else [None] * len(paths)
    numbers: dict[tuple[bool, str], int] = {}
    row = [
        numbers.setdefault((name is None, path if name is None else name), len(numbers))
        for name, path in zip(given, paths, strict=True)
    ]
    return tuple(name for _, name in numbers), np.array(row, dtype=np.int64)
