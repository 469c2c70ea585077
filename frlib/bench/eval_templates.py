"""The IJB protocols: pooling, listed pairs and TAR against plain code; the whole at full size.

The comparisons run in a process with one thread, in CPU time, and results are compared before they
are timed. The whole protocols and the streamed tails run in processes with `threads` threads, in
wall time: see `eval_whole`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from frlib.bench import apart, eval_whole, galleries, measure, plain_templates
from frlib.bench.eval_whole import Streamed, Whole
from frlib.bench.galleries import IJBC, Shape
from frlib.core.errors import BenchmarkError
from frlib.metrics.listed import cheaper, pair_scores
from frlib.metrics.one_to_one import TARGETS, Rule, tars
from frlib.metrics.templates import HEADLINE, SETTINGS, Templates, pool

_CLOSE = 1e-6
_POOLED = Shape(images=47_000, left=500, right=1_800, pairs=0)
_LISTED = Shape(images=23_124, left=3_531, right=19_593, pairs=2_000_000)


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """pooled, listed: by plain code and frlib. scores: ranked by both. whole: by frlib alone.

    streamed: images of which all pairs are scored.
    """

    pooled: Shape = _POOLED
    listed: Shape = _LISTED
    scores: int = 15_000_000
    whole: Shape = IJBC
    streamed: int = 30_000
    repeats: int = 3


SMALL = Sizes(
    pooled=Shape(images=300, left=10, right=30, pairs=0, dim=64),
    listed=Shape(images=300, left=20, right=60, pairs=600, dim=64),
    scores=60_000,
    whole=Shape(images=600, left=20, right=60, pairs=1_000, dim=64),
    streamed=300,
    repeats=1,
)


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One piece of work, plain and frlib's: CPU seconds of one thread, median of the repeats.

    what: `pooling`, `pooling, 8 settings`, `pairs, dense` and so on. difference: largest, of the
    results compared before.
    """

    what: str
    size: int
    plain_s: float
    s: float
    faster: float
    difference: float


@dataclass(frozen=True, kw_only=True)
class TemplatesResult:
    """Everything here; `dataclasses.asdict` of it is JSON."""

    ratios: tuple[Ratio, ...]
    whole: Whole
    streamed: Streamed


def measured(sizes: Sizes, *, threads: int, say: Callable[[str], None]) -> TemplatesResult:
    """`BenchmarkError` where plain code and frlib differ. Full size needs 1 GB in a temporary
    folder and about three minutes, most of them for the plain code."""
    say("templates: pooling, pairs and TAR, against plain code")
    ratios = apart.run(1, compared, sizes)
    say(f"templates: whole protocols, {sizes.whole.images:,} images, {sizes.whole.pairs:,} pairs")
    with TemporaryDirectory(prefix="frlib-bench-") as folder:
        found = apart.run(threads, eval_whole.whole, sizes.whole, Path(folder), threads)
    say(f"templates: all pairs of {sizes.streamed:,} images")
    tail = apart.run(threads, eval_whole.streamed, sizes.streamed, sizes.whole.dim, threads)
    return TemplatesResult(ratios=ratios, whole=found, streamed=tail)


def compared(sizes: Sizes) -> tuple[Ratio, ...]:
    """Plain code and frlib in turns, in this process."""
    return (
        *_pooling(sizes.pooled, sizes.repeats),
        *_pairs(sizes.listed, sizes.repeats),
        *_tars(sizes.scores, sizes.repeats),
    )


def _pooling(shape: Shape, repeats: int) -> list[Ratio]:
    images, _ = galleries.images(shape)
    emb, flip = galleries.in_memory(shape, images.person_N)
    ids = images.template_N, images.media_N

    def own(settings: Sequence[str]) -> dict[str, Templates]:
        return pool(emb, *ids, flip_ND=flip, score_N=images.score_N, settings=settings)

    def plain(settings: Sequence[str]) -> list[NDArray[np.float64]]:
        how = images.score_N
        return [plain_templates.pooled(emb, flip, *ids, how, one) for one in settings]

    found = []
    for what, settings in (("pooling", [HEADLINE]), ("pooling, 8 settings", list(SETTINGS))):
        mine = own(settings)
        wanted = dict(zip(settings, plain(settings), strict=True))
        away = max(float(np.abs(mine[s].features - wanted[s]).max()) for s in settings)
        steps: dict[str, measure.Step] = {
            "plain": partial(plain, settings),
            "own": partial(own, settings),
        }
        found.append(_ratio(what, shape.images, steps, repeats, away, _CLOSE))
    return found


def _pairs(shape: Shape, repeats: int) -> list[Ratio]:
    images, person_T = galleries.images(shape)
    emb, flip = galleries.in_memory(shape, images.person_N)
    unit = pool(emb, images.template_N, images.media_N, flip_ND=flip, settings=["N1D0F1"])
    features = unit["N1D0F1"].features
    exact = features.astype(np.float64)
    left, right, _ = galleries.pairs(shape, person_T)
    wanted = plain_templates.scores(exact, left, right)
    chosen = cheaper(shape.pairs, shape.left, shape.right)
    away = float(np.abs(pair_scores(features, features, left, right) - wanted).max())
    steps: dict[str, measure.Step] = {
        "plain": partial(plain_templates.scores, exact, left, right),
        "own": partial(pair_scores, features, features, left, right),
    }
    return [_ratio(f"pairs, {chosen}", shape.pairs, steps, repeats, away, _CLOSE)]


def _tars(size: int, repeats: int) -> list[Ratio]:
    draw = np.random.default_rng(0)
    same = draw.random(size) < 1.25e-3
    score = draw.normal(0.1 + 0.3 * same, 0.1).astype(np.float32)
    plain = plain_templates.nearest(score, same, TARGETS)
    strict = _strict(score, same)
    found = []
    rules: dict[Rule, list[tuple[float, float]]] = {"nearest": plain, "far_at_most": strict}
    for rule, wanted in rules.items():
        mine = [(one.tar, one.far) for one in tars(score, same, TARGETS, rule)]
        steps: dict[str, measure.Step] = {
            "plain": partial(plain_templates.nearest, score, same, TARGETS),
            "own": partial(tars, score, same, TARGETS, rule),
        }
        away = float(np.abs(np.array(mine) - wanted).max())
        found.append(_ratio(f"TAR, {rule}", size, steps, repeats, away, 0.0))
    return found


def _strict(score: NDArray[np.float32], same: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """(TAR, FAR) of the last point of the whole curve with FAR <= target."""
    far, tar, _ = plain_templates.curve(score, same, thins=False)
    at = [int(np.searchsorted(far, target, side="right")) - 1 for target in TARGETS]
    return [(float(tar[one]), float(far[one])) for one in at]


def _ratio(
    what: str,
    size: int,
    steps: Mapping[str, measure.Step],
    repeats: int,
    difference: float,
    allowed: float,
) -> Ratio:
    if not difference <= allowed:
        raise BenchmarkError(
            f"{what}: frlib is {difference:.1e} from plain code, {allowed:.0e} is allowed. "
            "It was not timed"
        )
    clock = measure.clock(torch.device("cpu"), 1)
    times = measure.interleaved(steps, clock, repeats, lambda: None)
    plain_s, own_s = times["plain"].median_s, times["own"].median_s
    return Ratio(
        what=what,
        size=size,
        plain_s=plain_s,
        s=own_s,
        faster=plain_s / own_s,
        difference=difference,
    )
