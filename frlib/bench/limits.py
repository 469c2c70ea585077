"""What the machine can do: the four numbers that results are read against.

Floor of a piece of work = max(flops / matmul rate, bytes / memory rate). The best of several runs
counts, because a limit is what is reached when nothing else is in the way.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from frlib.bench import measure
from frlib.bench.measure import Clock
from frlib.train.precision import has_bfloat16

NO_BF16 = "no bf16 instructions here"
_RUNS = 9


@dataclass(frozen=True)
class Limits:
    """Rates of `device`. GFLOP/s: 2n³ per matmul of n × n matrices. GB/s: 10⁹ bytes a second.

    read: sum of a float32 array. copy: bytes read plus bytes written. bf16 is None where the
    machine has no instructions for it.
    """

    device: str
    threads: int
    clock: str
    torch: str
    matmul_n: int
    fp32_gflops: float
    bf16_gflops: float | None
    read_gbs: float
    copy_gbs: float


def measured(device: str, count: int, *, is_small: bool, say: Callable[[str], None]) -> Limits:
    """Limits with `count` threads: n = 2048 and 200 MB; 256 and 20 MB when small."""
    side, array_bytes = (256, 20_000_000) if is_small else (2048, 200_000_000)
    place = measure.place(device)
    by = measure.clock(place, count)
    with measure.threads(count), torch.no_grad():
        say("machine limits: matmul")
        fp32 = _matmul_gflops(side, torch.float32, place, by)
        is_fast = has_bfloat16(place)
        bf16 = _matmul_gflops(side, torch.bfloat16, place, by) if is_fast else None
        say("machine limits: memory")
        source = torch.ones(array_bytes // 4, device=place)
        target = torch.zeros_like(source)
        read = array_bytes / 1e9 / _best_s(source.sum, by)
        copy = 2 * array_bytes / 1e9 / _best_s(lambda: target.copy_(source), by)
    return Limits(device, count, by.name, torch.__version__, side, fp32, bf16, read, copy)


def _matmul_gflops(side: int, dtype: torch.dtype, device: torch.device, by: Clock) -> float:
    draw = torch.Generator().manual_seed(0)
    left, right = (torch.randn(side, side, generator=draw).to(device, dtype) for _ in range(2))
    out = torch.empty_like(left)
    return 2 * side**3 / 1e9 / _best_s(lambda: torch.mm(left, right, out=out), by)


def _best_s(step: measure.Step, by: Clock) -> float:
    step()
    return measure.interleaved({"": step}, by, _RUNS, lambda: None)[""].least_s
