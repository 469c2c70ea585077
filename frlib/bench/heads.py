"""Forward and backward of heads: frlib's forms against the one-hot form and against the floor.

The floor of time is three bare matmuls at the same shape, x·Wᵀ, G·W and Gᵀ·x, with the allocation
of their results. The floor of memory is the weight's gradient and one `[B, C]` buffer, in float32.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from frlib.bench import limits, measure, onehot
from frlib.bench.case import BF16, FLOOR, FUSED, ONE_HOT, REFERENCE, Case, Error
from frlib.bench.limits import NO_BF16, Limits
from frlib.bench.measure import Timing
from frlib.core import discover
from frlib.heads.config import HeadConfig

_LONG = 50_000
_MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Shapes and effort. `repeats` 0: five, or three from 50 000 classes."""

    classes: tuple[int, ...] = (10_000, 100_000)
    batch: int = 128
    dim: int = 512
    repeats: int = 0

    def repeats_at(self, classes: int) -> int:
        """Measured turns, without the warm-up."""
        return self.repeats or (3 if classes >= _LONG else 5)


SMALL = Sizes(classes=(300,), batch=32, dim=64, repeats=3)


@dataclass(frozen=True, kw_only=True)
class FormResult:
    """One form of one head: median, least and most of the time of a step, and what a step adds.

    speedup and peak_saving: the one-hot form's value divided by this one's. times_floor and
    times_memory_floor: this one's value divided by the floor. Peaks are None where not measurable.
    """

    ms: float
    least_ms: float
    most_ms: float
    speedup: float
    times_floor: float
    peak_mib: float | None
    peak_saving: float | None
    times_memory_floor: float | None
    error: Error


@dataclass(frozen=True, kw_only=True)
class HeadResult:
    """One head at one number of classes.

    flagged: samples of the batch that were relabelled. floor_share: matmul rate of the floor as a
    part of the fp32 limit.
    """

    head: str
    classes: int
    batch: int
    dim: int
    centres: int
    repeats: int
    flagged: int
    floor_ms: float
    floor_share: float
    memory_floor_mib: float
    forms: dict[str, FormResult]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything measured. `bf16` says why there is no such form; empty if there is."""

    limits: Limits
    bf16: str
    results: tuple[HeadResult, ...]


def run(
    names: tuple[str, ...],
    sizes: Sizes,
    *,
    device: torch.device,
    threads: int,
    with_reference: bool,
    is_small: bool,
    say: Callable[[str], None],
) -> Report:
    """Measure these heads; `DisagreementError` names the first whose forms differ."""
    configs = [_config(name) for name in names]
    machine = limits.measured(device, threads, is_small=is_small, say=say)
    has_bf16 = machine.bf16_gflops is not None
    forms = (FUSED, *((REFERENCE,) if with_reference else ()), *((BF16,) if has_bf16 else ()))
    results = []
    with measure.threads(threads):
        for classes in sizes.classes:
            for config in configs:
                say(f"{config.name}, {classes:,} classes")
                case = Case(
                    config, classes, size=sizes.batch, dim=sizes.dim, forms=forms, device=device
                )
                results.append(_measured(case, sizes.repeats_at(classes), machine, say))
    return Report(limits=machine, bf16="" if has_bf16 else NO_BF16, results=tuple(results))


def _config(name: str) -> HeadConfig:
    config: HeadConfig = discover.load("frlib.heads.presets", name).Config()
    onehot.build(config)
    return config


def _measured(case: Case, repeats: int, machine: Limits, say: Callable[[str], None]) -> HeadResult:
    """Agreement, then time, then peaks."""
    at = f"{case.name}, {case.classes:,} classes"
    say(f"{at}: agreement")
    errors, flagged = case.compared()
    say(f"{at}: time")
    device = case.weight_RD.device
    by = measure.clock(device, machine.threads)
    times = measure.interleaved(case.steps, by, repeats, case.forget)
    say(f"{at}: peak memory")
    peaks = {form: measure.peak_bytes(case.steps[form], device, case.forget) for form in errors}
    (size, dim), rows = case.emb_BD.shape, len(case.weight_RD)
    floor = times[FLOOR].median_s
    memory_floor = 4 * (rows * dim + size * case.classes)
    return HeadResult(
        head=case.name,
        classes=case.classes,
        batch=size,
        dim=dim,
        centres=rows // case.classes,
        repeats=repeats,
        flagged=flagged,
        floor_ms=1e3 * floor,
        floor_share=6e-9 * size * rows * dim / floor / machine.fp32_gflops,
        memory_floor_mib=memory_floor / _MIB,
        forms={
            form: _form(
                times[form], times[ONE_HOT], floor, peaks[form], peaks[ONE_HOT], memory_floor, error
            )
            for form, error in errors.items()
        },
    )


def _form(
    time: Timing,
    plain: Timing,
    floor_s: float,
    peak: int | None,
    plain_peak: int | None,
    memory_floor: int,
    error: Error,
) -> FormResult:
    return FormResult(
        ms=1e3 * time.median_s,
        least_ms=1e3 * time.least_s,
        most_ms=1e3 * time.most_s,
        speedup=plain.median_s / time.median_s,
        times_floor=time.median_s / floor_s,
        peak_mib=None if peak is None else peak / _MIB,
        peak_saving=_over(plain_peak, peak),
        times_memory_floor=_over(peak, memory_floor),
        error=error,
    )


def _over(above: int | None, below: int | None) -> float | None:
    return above / below if above is not None and below else None
