"""How the benchmark of evaluation is printed for people."""

from frlib.bench.eval import EvalReport
from frlib.cli.bench_page import console, grid_of, limits


def report(value: EvalReport) -> None:
    """Limits, a table for each protocol, and what the columns mean."""
    limits(value.limits)
    _verification(value)
    _templates(value)
    _identification(value)
    console.print(
        "\nCPU: of one thread, median, ± half the range; s: wall time, with the threads named. "
        "faster: plain code / frlib, on equal results. floor: the bare matmuls. MiB: what the "
        "process grows by at its highest point."
    )


def _verification(value: EvalReport) -> None:
    some = value.verification[0]
    console.print(
        f"\n[bold]Pairs on folds[/bold], {some.pairs:,} pairs, 2 views of {some.dim} numbers, "
        "against loops over thresholds"
    )
    grid = grid_of(
        "\n", "plain\nms", "frlib\nms", "±\n%", "times\nfaster", "pairs judged\notherwise"
    )
    for one in value.verification:
        spread = 50 * (one.most_ms - one.least_ms) / one.ms
        grid.add_row(
            one.what,
            f"{one.plain_ms:,.1f}",
            f"{one.ms:,.1f}",
            f"{spread:.0f}",
            f"{one.faster:,.1f}",
            str(one.differing),
        )
    console.print(grid)


def _templates(value: EvalReport) -> None:
    console.print("\n[bold]Templates[/bold], against loops over templates and the whole ROC curve")
    grid = grid_of("\n", "\nsize", "plain\nCPU s", "frlib\nCPU s", "times\nfaster", "differ-\nence")
    for one in value.templates.ratios:
        grid.add_row(
            one.what,
            f"{one.size:,}",
            f"{one.plain_s:,.3f}",
            f"{one.s:,.3f}",
            f"{one.faster:,.1f}",
            f"{one.difference:.0e}" if one.difference else "0",
        )
    console.print(grid)
    whole, streamed = value.templates.whole, value.templates.streamed
    console.print(
        f"\n[bold]IJB, whole[/bold], {whole.shape.images:,} images, {whole.shape.templates:,} "
        f"templates, {whole.shape.pairs:,} pairs, {_threads(whole.threads)}; "
        f"TAR {whole.tar:.3f} at 1e-4"
    )
    grid = grid_of("", "s", "MiB")
    grid.add_row("1:1: pooled", f"{whole.pool_s:,.2f}", "")
    grid.add_row("1:1: pairs scored", f"{whole.scores_s:,.2f}", "")
    grid.add_row("1:1: TAR, both rules", f"{whole.tar_s:,.2f}", "")
    grid.add_row("1:1 in all", f"{whole.one_to_one_s:,.2f}", "")
    grid.add_row("1:N, galleries joined and apart", f"{whole.search_s:,.2f}", "")
    grid.add_row("1:1 and 1:N", "", _mib(whole.peak_mib))
    every = f"{whole.all_settings_s:,.2f}"
    grid.add_row("pooled, all settings", every, _mib(whole.all_settings_peak_mib))
    pairs = f"{streamed.pairs:,} pairs of {streamed.images:,} images"
    grid.add_row(
        f"{pairs}, {100 * streamed.floor:.0f} % matmul",
        f"{streamed.s:,.2f}",
        _mib(streamed.peak_mib),
    )
    console.print(grid)


def _identification(value: EvalReport) -> None:
    small, whole = value.identification.compared, value.identification.whole
    console.print(
        "\n[bold]MegaFace[/bold], probes among distractors; CPU time in the first line; all "
        f"variants: wall time, {_threads(whole.threads)}"
    )
    grid = grid_of(
        "\n",
        "distrac-\ntors",
        "\nprobes",
        "plain\ns",
        "frlib\ns",
        "times\nfaster",
        "floor\ns",
        "times\nfloor",
        "\nMiB",
    )
    grid.add_row(
        "compared",
        f"{small.shape.distractors:,}",
        f"{small.shape.probes:,}",
        f"{small.plain_s:,.2f}",
        f"{small.s:,.2f}",
        f"{small.faster:,.1f}",
        f"{small.floor_s:,.2f}",
        f"{small.times_floor:.2f}",
        "",
    )
    grid.add_row(
        "all variants",
        f"{whole.shape.distractors:,}",
        f"{whole.shape.probes:,}",
        "",
        f"{whole.s:,.2f}",
        "",
        f"{whole.floor_s:,.2f}",
        f"{whole.times_floor:.2f}",
        _mib(whole.peak_mib),
    )
    console.print(grid)
    console.print(
        f"rank 1 {whole.rank1:.3f}, refined {whole.refined_rank1:.3f}; {whole.gflops:,.0f} "
        f"GFLOP/s; TAR {whole.tar:.3f} at 1e-6 on {whole.impostors_above:,} impostors"
    )


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _mib(peak: float | None) -> str:
    return "–" if peak is None else f"{peak:,.0f}"
