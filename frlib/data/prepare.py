"""From a data configuration to all a run needs: noisy training rows, pairs to select and report."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from frlib.core import safeio
from frlib.core.config import Config
from frlib.core.errors import DataError
from frlib.core.seeds import torch_seed
from frlib.data import catalog, groups, pairs, parts, vectors
from frlib.data.config import DataConfig, Holdout, NoiseConfig, PairBenchmark
from frlib.data.lab.corrupt import corrupt
from frlib.data.manifest import Manifest
from frlib.data.pairs import Pairs
from frlib.data.pairsets import lists
from frlib.data.splits import Sides, own_outliers, sides

HELD_OUT = "held_out"
_SAME_FOR_ALL = 0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PairSet:
    """Pairs and the images they name: `pairs` holds rows of `manifest`, which has no others."""

    name: str
    manifest: Manifest
    pairs: Pairs


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What a run is given.

    train: the noisy training rows. clean_digest: of the training rows before noise, which are the
    same samples row for row unless noise reshapes the set. clean_facts: counts of the source and of
    the split. selection: pairs of held-out identities (None: nobody is held out). benchmarks: pairs
    to report, in the order of the config. facts: overlaps between these parts. tail: the noisy rows
    of identities that are trained on without being classified; None without such.
    """

    train: Manifest
    clean_digest: str
    clean_facts: dict[str, Any]
    selection: PairSet | None
    benchmarks: tuple[PairSet, ...]
    facts: dict[str, Any]
    tail: Manifest | None = None


def prepare(
    data: DataConfig, noise: NoiseConfig, seed: int, store: Path, tail: Config | None = None
) -> Prepared:
    """Scan (or recall) the sources, take a part, split, corrupt, and draw or read the pairs.

    `seed` changes the noise only. Held-out identities and drawn pairs are the same for every
    replicate, so replicates are compared on the same questions. tail: another part of `data.train`,
    of other people, that gets the same kinds of noise.
    """
    whole = catalog.scan(data.train, store)
    used = sides(whole, data)
    clean = used.clean
    pool = outliers(used.others, data, noise, store)
    train = corrupt(clean, noise, pool, seed)
    selection = None
    if used.held_out is not None:
        selection = _selection(used.held_out, clean, data.holdout)
    benchmarks = tuple(benchmark_pairs(benchmark, store) for benchmark in data.benchmarks)
    others = {b.name: b.manifest for b in benchmarks}
    facts = {name: _overlap(clean, other, name) for name, other in others.items()}
    if pool is not None:
        facts["outliers"] = _overlap(clean, pool, "outliers")
    apart = None if tail is None else _tail(whole, _taken(used, data.holdout), tail)
    if apart is not None:
        facts["tail"] = _overlap(clean, apart, "tail")
        facts |= {f"tail/{name}": _overlap(apart, other, name) for name, other in others.items()}
    return Prepared(
        train=train,
        clean_digest=clean.digest,
        clean_facts=clean.facts,
        selection=selection,
        benchmarks=benchmarks,
        facts=facts,
        tail=None if apart is None else _corrupted_tail(apart, noise, pool, seed),
    )


def _taken(used: Sides, holdout: Holdout) -> set[str]:
    """Who cannot be in a tail: people of the part, or who are classified or held out."""
    if holdout.of == "part":
        return set(used.others.identities)
    held_out = () if used.held_out is None else used.held_out.identities
    return {*used.clean.identities, *held_out}


def _tail(whole: Manifest, taken: set[str], part: Config) -> Manifest:
    """`DataError` if it has any of the people who are taken."""
    found = parts.select(whole, part)
    shared = set(found.identities) & taken
    if shared:
        raise DataError(
            f"tail: {len(shared):,} of its {found.num_classes:,} identities are in data.part as "
            f"well, first {min(shared)!r}; nobody can be classified, or held out, and in the tail. "
            'Take two sides of a cut, as data.part={"name": "class_size", "at_least": 10} with '
            'tail.part={"name": "class_size", "below": 10}'
        )
    return found


def _corrupted_tail(
    clean: Manifest, noise: NoiseConfig, pool: Manifest | None, seed: int
) -> Manifest:
    """With draws of its own."""
    try:
        return corrupt(clean, noise, pool, torch_seed(seed, "tail", "noise"))
    except DataError as error:
        raise DataError(f"noise of the tail: {error}") from error


def outliers(
    source: Manifest, data: DataConfig, noise: NoiseConfig, store: Path
) -> Manifest | None:
    """Images of people outside the training set, if noise wants them and there are any.

    `source`: the people they may be drawn from. `DataError` where own people are wanted and
    none are set apart.
    """
    if not noise.wants_pool:
        return None
    if noise.open.pool == "outliers":
        return catalog.scan(data.outliers, store) if data.outliers else None
    own = own_outliers(source, data)
    if own is None:
        raise DataError(
            f"noise.open.pool=own with data.own_outliers={data.own_outliers}: nobody of the "
            "training set is set apart. Set data.own_outliers to a share of the identities, the "
            "same in all arms, e.g. 0.1."
        )
    return own


def dataset_digest(data: DataConfig, store: Path) -> dict[str, str]:
    """Content digests of every source and pair list that `data` names; paths play no part.

    Keys: `train`, `outliers`, `holdout/groups` (where a file says who is of which group),
    `<benchmark>/images`, `<benchmark>/pairs` (absent when drawn).
    """
    digests = {"train": catalog.scan(data.train, store).digest}
    if data.outliers is not None:
        digests["outliers"] = catalog.scan(data.outliers, store).digest
    if data.holdout.groups == "file":
        digests["holdout/groups"] = groups.digest(data.holdout)
    for benchmark in data.benchmarks:
        digests[f"{benchmark.name}/images"] = catalog.scan(benchmark.images, store).digest
        if benchmark.pairs:
            path = Path(benchmark.pairs).expanduser()
            if not path.is_file():
                raise DataError(
                    f"benchmark {benchmark.name}: {path} does not exist; expected a CSV of pairs"
                )
            digests[f"{benchmark.name}/pairs"] = safeio.sha256(path)[:16]
    return digests


def noise_digest(noise: NoiseConfig) -> dict[str, str]:
    """Content digests of the files that noise names: `noise/<step>/<setting>`.

    Of neutral steps too, since a step that a cell leaves alone may be searched in its arms.
    """
    return {
        f"noise/{name}/{setting}": vectors.digest(Path(path))
        for name in noise.order
        for setting, path in noise.step(name).files.items()
    }


def _selection(held_out: Manifest, train: Manifest, holdout: Holdout) -> PairSet:
    if holdout.groups:
        rows = groups.rows(held_out, train, holdout)
        folds = min(_folds(held_out.take(own), holdout, f" of {g}") for g, own in rows.items())
        drawn = groups.pairs_within(held_out, rows, holdout.num_pairs, folds, _SAME_FOR_ALL)
    else:
        folds = _folds(held_out, holdout)
        drawn = pairs.draw(held_out, holdout.num_pairs, folds, _SAME_FOR_ALL)
    return _used_only(HELD_OUT, held_out, drawn)


def _folds(held_out: Manifest, holdout: Holdout, of: str = "") -> int:
    """As many as asked for, or as these people allow; at least 1."""
    sizes = held_out.class_sizes[held_out.class_sizes > 0]
    folds = max(1, min(holdout.folds, len(sizes) // 2, int((sizes > 1).sum())))
    if folds < holdout.folds:
        _log.warning(
            "data.holdout.folds=%s: the %s held-out identities%s allow %s",
            holdout.folds,
            len(sizes),
            of,
            folds,
        )
    return folds


def benchmark_pairs(benchmark: PairBenchmark, store: Path) -> PairSet:
    """The pairs of a benchmark, in the order in which their scores are recorded."""
    images = catalog.scan(benchmark.images, store)
    try:
        own = None if benchmark.pairs else catalog.own_pairs(benchmark.images)
        path = Path(benchmark.pairs).expanduser()
        if own is not None:
            found = pairs.from_listed(own, images, benchmark.name)
        elif benchmark.listed:
            found = pairs.from_listed(lists.read(benchmark.listed, path), images, str(path))
        elif benchmark.pairs:
            found = pairs.read_csv(path, benchmark.protocol, images)
        else:
            found = pairs.draw(images, benchmark.num_pairs, benchmark.folds, _SAME_FOR_ALL)
    except DataError as error:
        raise DataError(f"benchmark {benchmark.name}: {error}") from error
    return _used_only(benchmark.name, images, found)


def _used_only(name: str, manifest: Manifest, found: Pairs) -> PairSet:
    used, places = np.unique(np.stack([found.left, found.right]), return_inverse=True)
    places = places.reshape(2, -1)
    return PairSet(
        name=name,
        manifest=manifest.take(used),
        pairs=replace(found, left=places[0], right=places[1]),
    )


def _overlap(train: Manifest, other: Manifest, name: str) -> dict[str, int]:
    """Identity names and images (by checksum) that training shares with another part."""
    shared = len(set(train.identities) & {other.identities[i] for i in np.unique(other.labels)})
    facts = {"image_overlap": int(np.isin(other.checksums, train.checksums).sum())}
    if catalog.names_people(train.readers[0]) and catalog.names_people(other.readers[0]):
        facts["identity_overlap"] = shared
    for what, count in facts.items():
        if count:
            _log.warning("%s shares %s with training: %s=%s", name, what.split("_")[0], what, count)
    return facts
