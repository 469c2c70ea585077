"""Scoring and dropping a large set by sub-centres, beside a plain loop over some of its classes.

Wall seconds off memory-mapped float32 embeddings that the system has in memory, with as many
threads in numpy's products as asked for. The peak is what the work adds to a process that holds the
set's labels and little else; pages of the memory map count, though the system may drop them.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from frlib.bench import apart, denoise_case, measure, plain_drop
from frlib.bench.denoise_case import Shape
from frlib.cleaning import applied
from frlib.cleaning.evidence import Evidence
from frlib.cleaning.findings import Findings
from frlib.cleaning.score import Scores, score
from frlib.core.errors import BenchmarkError
from frlib.denoise import subcenter_drop

_MIB = 2**20
_PLAIN_CLASSES = 1_000
_ROUNDING = 1e-5
_AT_ONCE = 16_384
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class DropResult:
    """Wall seconds. flagged, precision, recall: of the rule, to see that it had something to do.

    decide_s: votes, dominant centres, cosines, verdicts. score_s: against the truth. apply_s: the
    manifest of what is left. s: the three. plain_s: of the plain loop in place of decide_s, scaled
    from `plain_classes` classes; ratio: plain_s over decide_s. read_s: one pass that sums the
    squares of all embeddings. peak_mib: None where not told.
    """

    shape: Shape
    threads: int
    flagged: int
    precision: float
    recall: float
    decide_s: float
    score_s: float
    apply_s: float
    s: float
    plain_s: float
    plain_classes: int
    ratio: float
    read_s: float
    peak_mib: float | None


def measured(shape: Shape, *, threads: int, say: Callable[[str], None]) -> DropResult:
    """In a process of its own; the embeddings go to a temporary folder (2 GB at full size).

    `BenchmarkError` where the plain loop flags other samples.
    """
    say(f"drop: {shape.samples:,} samples")
    with tempfile.TemporaryDirectory() as folder:
        return apart.run(threads, _measured, shape, Path(folder), threads)


def _measured(shape: Shape, folder: Path, threads: int) -> DropResult:
    manifest = denoise_case.manifest(shape)
    seen = denoise_case.evidence(shape, manifest, folder)
    config = subcenter_drop.Config()
    seconds: dict[str, float] = {}
    kept: list[tuple[Findings, Scores]] = []

    def work() -> None:
        seconds["decide"], found = _timed(lambda: subcenter_drop.decide(seen, config))
        seconds["score"], scores = _timed(
            lambda: score(found, seen.given, seen.truth.true, seen.truth.kinds)
        )
        seconds["apply"], _ = _timed(lambda: applied.apply_to(manifest, found, "drop"))
        kept.append((found, scores))

    peak = measure.resident_peak(work)
    found, scores = kept[0]
    plain_s, classes = _plain(shape, seen, found, config.drop_angle_deg)
    read_s, _ = _timed(lambda: _read(seen))
    return DropResult(
        shape=shape,
        threads=threads,
        flagged=scores.num_flagged,
        precision=scores.counts.precision(),
        recall=scores.counts.recall(),
        decide_s=seconds["decide"],
        score_s=seconds["score"],
        apply_s=seconds["apply"],
        s=sum(seconds.values()),
        plain_s=plain_s,
        plain_classes=classes,
        ratio=plain_s / seconds["decide"],
        read_s=read_s,
        peak_mib=None if peak is None else peak / _MIB,
    )


def _plain(shape: Shape, seen: Evidence, found: Findings, angle: float) -> tuple[float, int]:
    """Seconds for all classes, from some of them; and of how many."""
    vectors = seen.vectors
    sort_s, rows_of = _timed(lambda: plain_drop.by_class(seen.given, shape.classes))
    has_rows = np.array([number for number, rows in enumerate(rows_of) if len(rows)])
    some = has_rows[np.linspace(0, len(has_rows) - 1, _PLAIN_CLASSES).astype(int)]
    classes = np.unique(some).tolist()
    loop_s, dropped = _timed(
        lambda: list(
            plain_drop.drop(
                vectors.embeddings, vectors.weight, rows_of, vectors.loss_k, angle, classes
            )
        )
    )
    bar = np.cos(np.deg2rad(angle))
    for number, one in zip(classes, dropped, strict=True):
        differ = (found.is_flagged[one.rows] != one.goes) & (np.abs(one.cos - bar) > _ROUNDING)
        if differ.any():
            raise BenchmarkError(
                f"sub-centre drop, class {number}: the rule and the plain loop differ on "
                f"{int(differ.sum())} of {len(one.rows)} samples, first with a cosine of "
                f"{one.cos[int(differ.argmax())]:.6f} (the bar is {bar:.6f}). One of the two is "
                "wrong: compare them with the formula of `frlib denoise show subcenter_drop`"
            )
    share = sum(len(one.rows) for one in dropped) / shape.samples
    return sort_s + loop_s / share, len(classes)


def _read(seen: Evidence) -> float:
    embeddings = seen.vectors.embeddings
    return sum(
        float(np.vecdot(block, block).sum())
        for block in (
            embeddings[start : start + _AT_ONCE] for start in range(0, len(embeddings), _AT_ONCE)
        )
    )


def _timed(work: Callable[[], Found]) -> tuple[float, Found]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found
