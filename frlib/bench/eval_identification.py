"""MegaFace among distractors: against the full matrix, and at full size against the bare product.

The comparison runs in a process with one thread, in CPU time, and results are compared before they
are timed; its floor is the bare product in the same blocks. At full size, a million distractors are
read from a packed file, in a process with `threads` threads, in wall time. The peak is what the
search adds to a process that has nothing loaded but the library and the probes.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
import torch
from numpy.lib import format as npy
from numpy.typing import NDArray

from frlib.bench import apart, measure, plain_identification
from frlib.core.errors import BenchmarkError
from frlib.data.features.packed import Packed
from frlib.metrics.distractors import BLOCK, unit
from frlib.metrics.megaface import Distractors, MegaFace, Probes, megaface
from frlib.metrics.one_to_one import OperatingPoint

_MIB = 2**20
_RANKS = 10
_PROBE_BLOCK = 512
_NOISY_PROBE, _NOISY_DISTRACTOR = 147, 1_458
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Probes of `people`, distractors, dimensions."""

    probes: int
    people: int
    distractors: int
    dim: int = 512


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """compared: by plain code and frlib. whole: by frlib alone."""

    compared: Shape = Shape(probes=600, people=80, distractors=100_000)
    whole: Shape = Shape(probes=3_530, people=80, distractors=1_000_000)
    repeats: int = 3


SMALL = Sizes(
    compared=Shape(probes=40, people=8, distractors=500, dim=32),
    whole=Shape(probes=60, people=8, distractors=20_000, dim=32),
    repeats=1,
)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """CPU seconds of one thread, medians. floor: the bare product; times_floor: frlib over it."""

    shape: Shape
    plain_s: float
    s: float
    floor_s: float
    faster: float
    times_floor: float
    difference: float


@dataclass(frozen=True, kw_only=True)
class Whole:
    """All four variants and TAR at 1e-6 from one pass. Wall and CPU seconds; peak None if not told.

    rank1: raw; neither 0 nor 1 if the faces are hard enough. gflops: of the search, all threads.
    """

    shape: Shape
    threads: int
    s: float
    cpu_s: float
    floor_s: float
    floor_cpu_s: float
    times_floor: float
    gflops: float
    peak_mib: float | None
    rank1: float
    refined_rank1: float
    tar: float
    impostors_above: int


@dataclass(frozen=True, kw_only=True)
class IdentificationResult:
    """Everything here; `dataclasses.asdict` of it is JSON."""

    compared: Compared
    whole: Whole


def measured(sizes: Sizes, *, threads: int, say: Callable[[str], None]) -> IdentificationResult:
    """`BenchmarkError` where plain code and frlib differ.

    Full size needs 2 GB in a temporary folder and about two minutes.
    """
    say(f"identification among {sizes.compared.distractors:,} distractors, against the full matrix")
    small = apart.run(1, compared, sizes.compared, sizes.repeats)
    say(f"identification among {sizes.whole.distractors:,} distractors, all variants")
    with TemporaryDirectory(prefix="frlib-bench-") as folder:
        path = Path(folder) / "distractors.npy"
        _written(sizes.whole, path)
        return IdentificationResult(
            compared=small, whole=apart.run(threads, whole, sizes.whole, path, threads)
        )


def compared(shape: Shape, repeats: int) -> Compared:
    """Plain code, frlib and the bare product in turns, in this process."""
    probe_MD, person_M = _probes(shape)
    probe_MD = unit(probe_MD, "probes")
    distractor_ND = unit(np.concatenate(list(_blocks(shape))), "distractors")

    def plain() -> NDArray[np.floating]:
        return plain_identification.accuracy(probe_MD, person_M, distractor_ND, _RANKS)

    def own() -> NDArray[np.float64]:
        probes = Probes(features=probe_MD, persons=person_M)
        others = Distractors(features=distractor_ND)
        found = megaface(probes, others, variants=("megaface-raw",), ranks=_RANKS, targets=())
        return found[0].cmc_K

    def floor() -> None:
        starts = range(0, shape.distractors, BLOCK)
        _bare(probe_MD, (distractor_ND[start : start + BLOCK] for start in starts))

    difference = float(np.abs(plain() - own()).max())
    if difference > 1e-3:
        raise BenchmarkError(
            f"identification: accuracies differ by {difference:.1e} from the full matrix (at most "
            "1e-3, for scores that round to different sides). It was not timed"
        )
    floor()
    steps: dict[str, measure.Step] = {"plain": plain, "frlib": own, "floor": floor}
    clock = measure.clock(torch.device("cpu"), 1)
    times = measure.interleaved(steps, clock, repeats, lambda: None)
    plain_s, own_s, floor_s = (times[name].median_s for name in steps)
    return Compared(
        shape=shape,
        plain_s=plain_s,
        s=own_s,
        floor_s=floor_s,
        faster=plain_s / own_s,
        times_floor=own_s / floor_s,
        difference=difference,
    )


def whole(shape: Shape, path: Path, threads: int) -> Whole:
    """The whole search and the bare product of as many blocks, in this process."""
    probe_MD, person_M = _probes(shape)
    probes = Probes(
        features=probe_MD, persons=person_M, noisy=np.arange(shape.probes) % _NOISY_PROBE == 0
    )
    noise_N = np.arange(shape.distractors) % _NOISY_DISTRACTOR == 0
    block = unit(next(_blocks(shape)), "distractors")
    full, rest = divmod(shape.distractors, len(block))
    parts = [block] * full + [block[:rest]] * bool(rest)
    _bare(probe_MD, parts[:1])
    floor_s, floor_cpu_s, _ = _timed(lambda: _bare(probe_MD, parts))
    file = Packed(path)
    kept: list[tuple[float, float, tuple[MegaFace, ...]]] = []

    def search() -> None:
        others = Distractors(features=file, noisy=noise_N)
        kept.append(_timed(lambda: megaface(probes, others, ranks=_RANKS)))

    peak = measure.resident_peak(search)
    file.close()
    s, cpu_s, found = kept[0]
    raw, refined = found[:2]
    point: OperatingPoint = raw.points[0]
    return Whole(
        shape=shape,
        threads=threads,
        s=s,
        cpu_s=cpu_s,
        floor_s=floor_s,
        floor_cpu_s=floor_cpu_s,
        times_floor=s / floor_s,
        gflops=2e-9 * shape.probes * shape.distractors * shape.dim / s,
        peak_mib=None if peak is None else peak / _MIB,
        rank1=raw.rank1,
        refined_rank1=refined.rank1,
        tar=point.tar,
        impostors_above=point.num_impostors_above,
    )


def _timed(work: Callable[[], Found]) -> tuple[float, float, Found]:
    """Wall seconds, CPU seconds and what `work` returns."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def _bare(probe_MD: NDArray[np.float32], blocks: Iterable[NDArray[np.float32]]) -> None:
    """The product in blocks, and nothing else."""
    out = np.empty((_PROBE_BLOCK, BLOCK), dtype=np.float32)
    for block in blocks:
        for start in range(0, len(probe_MD), _PROBE_BLOCK):
            part = probe_MD[start : start + _PROBE_BLOCK]
            np.matmul(part, block.T, out=out[: len(part), : len(block)])


def _probes(shape: Shape) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Faces that are hard to find: images of a person are not much closer than strangers."""
    draw = np.random.default_rng(1)
    person = np.sort(np.arange(shape.probes) % shape.people)
    centre = draw.standard_normal((shape.people, shape.dim), dtype=np.float32)
    blur = np.float32(0.46 * shape.dim**0.25)
    noise = draw.standard_normal((shape.probes, shape.dim), dtype=np.float32)
    return centre[person] + blur * noise, person


def _blocks(shape: Shape) -> Iterator[NDArray[np.float32]]:
    draw = np.random.default_rng(2)
    for start in range(0, shape.distractors, BLOCK):
        size = (min(BLOCK, shape.distractors - start), shape.dim)
        yield draw.standard_normal(size, dtype=np.float32)


def _written(shape: Shape, path: Path) -> None:
    with path.open("wb") as file:
        header = {
            "descr": "<f4",
            "fortran_order": False,
            "shape": (shape.distractors, shape.dim),
        }
        npy.write_array_header_1_0(file, header)
        for block in _blocks(shape):
            file.write(block.tobytes())
