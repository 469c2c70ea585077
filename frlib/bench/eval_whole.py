"""IJB's protocols end to end at full size, and all pairs of a set: frlib alone.

Wall seconds off memory-mapped float16 embeddings. Peaks are what the work adds to a process that
holds little but the library; pages of the memory map count, though the system may drop them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from frlib.bench import galleries, measure
from frlib.bench.galleries import Shape
from frlib.core.errors import BenchmarkError
from frlib.metrics import all_to_all as everyone
from frlib.metrics import one_to_many
from frlib.metrics.gallery import Gallery
from frlib.metrics.listed import pair_scores
from frlib.metrics.one_to_one import TARGETS, OperatingPoint, Rule, tars
from frlib.metrics.templates import HEADLINE, SETTINGS, Templates, pool

_MIB = 2**20
_CHECKED = 3_000
_SHOWN = TARGETS.index(1e-4)
Found = TypeVar("Found")
Scores = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Whole:
    """The 1:1 protocol of one setting, end to end. Wall seconds; peaks None where not told.

    tar_s: both rules at six targets. all_settings_s: pooling of all eight in one pass instead.
    search_s: 1:N, both galleries joined and apart. tar: nearest, at 1e-4; neither 0 nor 1 if the
    faces are hard enough.
    """

    shape: Shape
    threads: int
    pool_s: float
    scores_s: float
    tar_s: float
    one_to_one_s: float
    search_s: float
    all_settings_s: float
    peak_mib: float | None
    all_settings_peak_mib: float | None
    tar: float


@dataclass(frozen=True, kw_only=True)
class Streamed:
    """All pairs of a set, twice. Wall seconds; floor: share that the two bare products take."""

    images: int
    pairs: int
    threads: int
    s: float
    floor: float
    peak_mib: float | None


class Stopwatch:
    """Wall seconds of named steps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, name: str, work: Callable[[], Found]) -> Found:
        """What `work` returns; its seconds are kept under `name`."""
        start = time.perf_counter()
        found = work()
        self.seconds[name] = time.perf_counter() - start
        return found


def whole(shape: Shape, folder: Path, threads: int) -> Whole:
    """In this process; the embeddings go into `folder`."""
    images, person_T = galleries.images(shape)
    paths = galleries.on_disk(shape, images.person_N, folder)
    watch, found = Stopwatch(), []

    def pooled(settings: Sequence[str]) -> dict[str, Templates]:
        emb, flip = (np.load(path, mmap_mode="r") for path in paths)
        return pool(
            emb,
            images.template_N,
            images.media_N,
            flip_ND=flip,
            score_N=images.score_N,
            settings=settings,
        )

    def scored(templates: Templates, left: NDArray[np.int32], right: NDArray[np.int32]) -> Scores:
        unit = templates.features
        return pair_scores(unit, unit, templates.positions(left), templates.positions(right))

    def protocols() -> None:
        left, right, same = galleries.pairs(shape, person_T)
        templates = watch("pool", lambda: pooled([HEADLINE]))[HEADLINE]
        score = watch("scores", lambda: scored(templates, left, right))
        rules: tuple[Rule, ...] = ("nearest", "far_at_most")
        points = watch("tar", lambda: [tars(score, same, TARGETS, rule) for rule in rules])
        found.append(points[0][_SHOWN].tar)
        watch("search", lambda: _search(shape, templates, person_T))

    peak = measure.resident_peak(protocols)
    all_peak = measure.resident_peak(lambda: watch("all", lambda: pooled(SETTINGS)))
    seconds = watch.seconds
    return Whole(
        shape=shape,
        threads=threads,
        pool_s=seconds["pool"],
        scores_s=seconds["scores"],
        tar_s=seconds["tar"],
        one_to_one_s=seconds["pool"] + seconds["scores"] + seconds["tar"],
        search_s=seconds["search"],
        all_settings_s=seconds["all"],
        peak_mib=_mib(peak),
        all_settings_peak_mib=_mib(all_peak),
        tar=found[0],
    )


def _search(shape: Shape, templates: Templates, person_T: NDArray[np.int64]) -> None:
    half, ends = shape.left // 2, shape.left
    both = [
        Gallery(features=templates.features[part], subjects=person_T[part])
        for part in (slice(0, half), slice(half, ends))
    ]
    probes, subjects = templates.features[ends:], person_T[ends:]
    one_to_many.ijb1n_joined(both, probes, subjects)
    one_to_many.ijb1n_split(both, probes, subjects)


def streamed(size: int, dim: int, threads: int) -> Streamed:
    """All pairs of `size` images, in this process. `BenchmarkError` if, of the first few thousand,
    the whole list of scores gives other rates."""
    shape = Shape(images=size, left=max(2, size // 20), right=0, pairs=0, dim=dim)
    person = np.random.default_rng(3).integers(0, shape.left, size)
    emb = galleries.in_memory(shape, person)[0]
    few = slice(0, _CHECKED)
    found = everyone.all_to_all(emb[few], person[few]).points
    wanted = _direct(emb[few], person[few])
    if [one.tar for one in found] != [one.tar for one in wanted]:
        raise BenchmarkError(f"streamed tails gave {found}, all scores at once {wanted}")
    watch = Stopwatch()
    peak = measure.resident_peak(
        lambda: watch("streamed", lambda: everyone.all_to_all(emb, person))
    )
    watch("products", lambda: _products(emb))
    return Streamed(
        images=size,
        pairs=size * (size - 1) // 2,
        threads=threads,
        s=watch.seconds["streamed"],
        floor=2 * watch.seconds["products"] / watch.seconds["streamed"],
        peak_mib=_mib(peak),
    )


def _direct(emb: Scores, person: NDArray[np.int64]) -> tuple[OperatingPoint, ...]:
    order = np.argsort(person, kind="stable")
    unit, person = emb[order] / np.linalg.norm(emb[order], axis=1, keepdims=True), person[order]
    rows, columns = np.triu_indices(len(unit), 1)
    score = np.empty((len(unit), len(unit)), dtype=np.float32)
    for row in range(0, len(unit), everyone.SIDE):
        for column in range(row, len(unit), everyone.SIDE):
            at = slice(row, row + everyone.SIDE), slice(column, column + everyone.SIDE)
            score[at] = unit[at[0]] @ unit[at[1]].T
    same = person[rows] == person[columns]
    return tars(score[rows, columns], same, TARGETS, "far_at_most")


def _products(emb: Scores) -> None:
    for row in range(0, len(emb), everyone.SIDE):
        for column in range(row, len(emb), everyone.SIDE):
            emb[row : row + everyone.SIDE] @ emb[column : column + everyone.SIDE].T


def _mib(peak: int | None) -> float | None:
    return None if peak is None else peak / _MIB
