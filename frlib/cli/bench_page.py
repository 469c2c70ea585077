"""How benchmarks are printed for people: the limits of the machine, then a table for each size."""

from rich.console import Console
from rich.table import Table

from frlib.bench.case import BF16, ONE_HOT
from frlib.bench.limits import NO_BF16, Limits
from frlib.bench.report import FormResult, HeadResult, Report

_TITLES = (
    "one-hot\nms",
    "frlib\nms",
    "±\n%",
    "times\nfaster",
    "times\nfloor",
    "bf16\nfaster",
    "one-hot\nMiB",
    "frlib\nMiB",
    "times\nless",
    "times\nfloor",
)
_NOTHING = "–"
_WHOLE_FROM = 100

console = Console(highlight=False)


def limits(found: Limits) -> None:
    """Two lines."""
    bf16 = NO_BF16 if found.bf16_gflops is None else f"bf16 {found.bf16_gflops:,.0f} GFLOP/s"
    console.print(f"{found.device}, torch {found.torch}, {found.clock}")
    console.print(
        f"limits: matmul n={found.matmul_n} fp32 {found.fp32_gflops:,.0f} GFLOP/s, {bf16}; "
        f"memory read {found.read_gbs:.1f} GB/s, copy {found.copy_gbs:.1f} GB/s"
    )


def grid_of(*titles: str) -> Table:
    """A table without lines: names on the left, numbers on the right."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    grid.add_column(titles[0], no_wrap=True)
    for title in titles[1:]:
        grid.add_column(title, justify="right", no_wrap=True)
    return grid


def report(value: Report) -> None:
    """Limits, and a table for each number of classes."""
    limits(value.limits)
    for classes in dict.fromkeys(result.shape.classes for result in value.results):
        _table([r for r in value.results if r.shape.classes == classes], value.bf16)
    console.print(
        "\nms: median of forward and backward, ± half the range. MiB: what that adds at its peak. "
        "faster, less: one-hot autograd code / frlib. floor: three bare matmuls; the gradient of "
        "the weight and one buffer of B x C."
    )


def _table(results: list[HeadResult], no_bf16: str) -> None:
    shape = results[0].shape
    console.print(
        f"\n[bold]C = {shape.classes:,}[/bold], B = {shape.batch}, D = {shape.dim}, "
        f"{results[0].repeats} steps of each"
    )
    for centres in dict.fromkeys(result.centres for result in results):
        one = next(result for result in results if result.centres == centres)
        console.print(
            f"floor, K = {centres}: {one.floor_ms:,.1f} ms ({100 * one.floor_share:.0f} % of the "
            f"matmul rate), {one.memory_floor_mib:,.1f} MiB"
        )
    grid = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="")
    grid.add_column("\nhead", no_wrap=True)
    for title in _TITLES:
        grid.add_column(title, justify="right", no_wrap=True)
    for result in results:
        for form in result.forms:
            if form not in (ONE_HOT, BF16):
                grid.add_row(*_row(result, form))
    console.print(grid)
    if no_bf16:
        console.print(f"bf16: {no_bf16}")


def _row(result: HeadResult, form: str) -> tuple[str, ...]:
    plain, own, bf16 = result.forms[ONE_HOT], result.forms[form], result.forms.get(BF16)
    return (
        result.head if form == _first(result) else f"  {form}",
        _amount(plain.ms),
        _amount(own.ms),
        f"{_spread(own):.0f}",
        f"{own.speedup:.2f}",
        f"{own.times_floor:.2f}",
        _ratio(bf16.speedup if bf16 and form == _first(result) else None),
        _amount(plain.peak_mib),
        _amount(own.peak_mib),
        _ratio(own.peak_saving),
        _ratio(own.times_memory_floor),
    )


def _first(result: HeadResult) -> str:
    return next(form for form in result.forms if form != ONE_HOT)


def _spread(own: FormResult) -> float:
    return 50 * (own.most_ms - own.least_ms) / own.ms


def _amount(value: float | None) -> str:
    if value is None:
        return _NOTHING
    return f"{value:,.0f}" if value >= _WHOLE_FROM else f"{value:,.1f}"


def _ratio(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.2f}"
