"""Forward and backward of heads: frlib's forms against the one-hot form and against the floor.

The floor of time is three bare matmuls at the same shape, x·Wᵀ, G·W and Gᵀ·x, with the allocation
of their results. The floor of memory is the weight's gradient and one `[B, C]` buffer, in float32.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from frlib.bench import limits, measure, onehot, peaks
from frlib.bench.case import BF16, FLOOR, FUSED, REFERENCE, Case, Shape
from frlib.bench.limits import NO_BF16, Limits
from frlib.bench.report import HeadResult, Report, result
from frlib.core import discover
from frlib.heads.config import HeadConfig

_LONG = 50_000


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Shapes and effort. `repeats` 0: fifteen, or three from 50 000 classes."""

    classes: tuple[int, ...] = (10_000, 100_000)
    batch: int = 128
    dim: int = 512
    repeats: int = 0

    def repeats_at(self, classes: int) -> int:
        """Timed turns."""
        return self.repeats or (3 if classes >= _LONG else 15)


SMALL = Sizes(classes=(300,), batch=32, dim=64, repeats=3)


def run(
    names: tuple[str, ...],
    sizes: Sizes,
    *,
    device: str,
    threads: int,
    with_reference: bool,
    is_small: bool,
    say: Callable[[str], None],
) -> Report:
    """Measure these heads; `BenchmarkError` names the first whose forms differ."""
    configs = [_config(name) for name in names]
    machine = limits.measured(device, threads, is_small=is_small, say=say)
    has_bf16 = machine.bf16_gflops is not None
    forms = (FUSED, *((REFERENCE,) if with_reference else ()), *((BF16,) if has_bf16 else ()))
    with measure.threads(threads), peaks.opened(threads) as memory:
        results = tuple(
            _measured(
                config,
                Shape(sizes.batch, sizes.dim, classes, device),
                forms,
                repeats=sizes.repeats_at(classes),
                machine=machine,
                memory=memory,
                say=say,
            )
            for classes in sizes.classes
            for config in configs
        )
    return Report(limits=machine, bf16="" if has_bf16 else NO_BF16, results=results)


def _config(name: str) -> HeadConfig:
    onehot.require(name)
    config: HeadConfig = discover.load("frlib.heads.presets", name).Config()
    return config


def _measured(
    config: HeadConfig,
    shape: Shape,
    forms: tuple[str, ...],
    *,
    repeats: int,
    machine: Limits,
    memory: peaks.Peaks,
    say: Callable[[str], None],
) -> HeadResult:
    """Agreement, which warms up; then time; then peaks, when the tensors of both are gone."""
    at = f"{config.name}, {shape.classes:,} classes"
    say(f"{at}: agreement")
    case = Case(config, shape, forms)
    errors, flagged = case.compared()
    say(f"{at}: time")
    case.steps[FLOOR]()
    by = measure.clock(torch.device(shape.device), machine.threads)
    times = measure.interleaved(case.steps, by, repeats, case.forget)
    centres = case.centres
    del case
    say(f"{at}: peak memory")
    return result(
        config.name,
        shape,
        centres=centres,
        repeats=repeats,
        flagged=flagged,
        errors=errors,
        times=times,
        peaks=memory.of(config, shape, tuple(errors)),
        fp32_gflops=machine.fp32_gflops,
    )
