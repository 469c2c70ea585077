"""Groups of people, so that the one a model serves worst can be measured and selected on.

    folder   the first folder of an identity's name: `African/m.0abc` is of African
    file     a CSV with the columns `identity, group`, a line for every identity

Groups divide the people who are held out and choose none of them: the same people are held out with
groups and without.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.errors import ConfigError, DataError
from frlib.data import pairs, tables
from frlib.data.config import Holdout
from frlib.data.manifest import Manifest
from frlib.data.pairs import Pairs

_CSV = "expected a CSV with the columns identity, group"
_FOLDER = "data.holdout.groups=folder"
_SHOWN = 5
_log = logging.getLogger(__name__)


def rows(held_out: Manifest, train: Manifest, holdout: Holdout) -> dict[str, NDArray[np.int64]]:
    """Group -> rows of `held_out` that show somebody of it, groups in order of their names.

    Groups are those of everybody who is trained on or held out. `DataError` where there is one
    group only, or nobody of a group is held out, or an identity's group cannot be told.
    """
    group_of = _of((*train.identities, *held_out.identities), holdout)
    groups = sorted(set(group_of.values()))
    if len(groups) < 2:
        raise DataError(
            f"data.holdout.groups={holdout.groups}: all {len(group_of):,} identities are of group "
            f"{groups[0]!r}, so none is served worse than another; expected two groups or more. "
            "Correct the groups, or leave data.holdout.groups empty."
        )
    number = {group: place for place, group in enumerate(groups)}
    held = np.array([number[group_of[name]] for name in held_out.identities], dtype=np.int64)
    shown = held[held_out.labels]
    missing = [group for group in groups if number[group] not in shown]
    if missing:
        counts = ", ".join(
            f"{group} {sum(group_of[name] == group for name in train.identities):,}"
            for group in missing
        )
        raise DataError(
            f"data.holdout.groups={holdout.groups}: nobody is held out of {counts} (identities "
            "that are trained on); every group needs people to select on. Raise "
            "data.holdout.fraction, or data.min_images with data.holdout.use_small."
        )
    return {group: np.flatnonzero(shown == number[group]) for group in groups}


def pairs_within(
    manifest: Manifest,
    groups: Mapping[str, NDArray[np.int64]],
    num_pairs: int,
    folds: int,
    seed: int,
) -> Pairs:
    """Pairs inside every group, drawn as `pairs.draw` does, equally many in each.

    groups: name -> rows of the manifest. A group gets `num_pairs` over the number of groups; where
    one allows fewer, all get as many as that one. Folds have people of all groups. `DataError`
    where a group has less than a pair of each kind in a fold.
    """
    each = num_pairs // len(groups)
    if each < 2 * folds:
        raise DataError(
            f"{num_pairs:,} pairs over {len(groups)} groups are {each} in each; expected two or "
            f"more in each of {folds} folds. Set data.holdout.num_pairs to "
            f"{2 * folds * len(groups):,} or more, or data.holdout.folds to fewer."
        )
    drawn = [_of_group(manifest, name, rows, each, folds, seed) for name, rows in groups.items()]
    fewest = min(map(len, drawn))
    if fewest < max(map(len, drawn)):
        scarce = next(name for name, one in zip(groups, drawn, strict=True) if len(one) == fewest)
        _log.warning("%s pairs in every group, as few as %s allows", f"{fewest:,}", scarce)
        drawn = [
            _of_group(manifest, name, rows, fewest, folds, seed) for name, rows in groups.items()
        ]
    return Pairs(
        left=np.concatenate([one.left for one in drawn]),
        right=np.concatenate([one.right for one in drawn]),
        same=np.concatenate([one.same for one in drawn]),
        fold=np.concatenate([one.fold for one in drawn]),
        group=np.repeat(np.arange(len(drawn)), [len(one) for one in drawn]),
        groups=tuple(groups),
    )


def digest(holdout: Holdout) -> str:
    """16 hex digits over the content of the file that names the groups."""
    return safeio.sha256(_file(holdout))[:16]


def _of_group(
    manifest: Manifest, name: str, rows: NDArray[np.int64], num_pairs: int, folds: int, seed: int
) -> Pairs:
    try:
        found = pairs.draw(manifest.take(rows), num_pairs, folds, seed)
    except DataError as error:
        raise DataError(f"group {name}: {error}") from error
    return replace(found, left=rows[found.left], right=rows[found.right])


def _of(names: Sequence[str], holdout: Holdout) -> dict[str, str]:
    """Identity -> group."""
    return _of_folders(names) if holdout.groups == "folder" else _of_file(names, holdout)


def _of_folders(names: Sequence[str]) -> dict[str, str]:
    bare = [name for name in names if not name.partition("/")[0] or "/" not in name]
    if bare:
        raise DataError(
            f"{_FOLDER}: {len(bare):,} of {len(names):,} identities are in no folder, first "
            f"{', '.join(map(repr, bare[:_SHOWN]))}; expected names such as 'African/m.0abc'. Use "
            "a source that keeps the folder in the name, or data.holdout.groups=file with a CSV."
        )
    return {name: name.partition("/")[0] for name in names}


def _of_file(names: Sequence[str], holdout: Holdout) -> dict[str, str]:
    file = _file(holdout)
    listed = _listed(file)
    lacking = [name for name in names if name not in listed]
    if lacking:
        raise DataError(
            f"{file}: lacks {len(lacking):,} of {len(names):,} identities, first "
            f"{', '.join(map(repr, lacking[:_SHOWN]))}; it lists {len(listed):,}, first "
            f"{next(iter(listed))!r}. Add a line for each: a group must not be left out unseen."
        )
    return {name: listed[name] for name in names}


def _listed(file: Path) -> dict[str, str]:
    table = tables.with_header(file, dict.fromkeys(("identity", "group"), pa.string()), _CSV)
    if not {"identity", "group"} <= set(table.column_names):
        raise DataError(f"{file}: columns {', '.join(table.column_names)}; {_CSV}")
    listed: dict[str, str] = {}
    for name, group in zip(table["identity"].to_pylist(), table["group"].to_pylist(), strict=True):
        if listed.setdefault(name, group) != group:
            raise DataError(
                f"{file}: {name!r} is of {listed[name]!r} and of {group!r}; expected one group for "
                "every identity"
            )
    return listed


def _file(holdout: Holdout) -> Path:
    if not holdout.groups_file:
        raise ConfigError(
            "data.holdout.groups=file without a file; set data.holdout.groups_file to a CSV with "
            "the columns identity, group"
        )
    path = Path(holdout.groups_file).expanduser()
    if not path.is_file():
        raise DataError(f"data.holdout.groups_file: {path} does not exist; {_CSV}")
    return path
