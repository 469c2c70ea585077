"""How the benchmark of cleaning is printed for people."""

from frlib.bench.denoise import DenoiseReport
from frlib.bench.denoise_drop import DropResult
from frlib.bench.denoise_record import RecordResult
from frlib.cli.bench_page import console, grid_of


def report(value: DenoiseReport) -> None:
    """A table for each question, and what the columns mean."""
    _drop(value.drop)
    _record(value.record)
    console.print(
        "\ns: wall time, embeddings in the system's cache. plain: a loop over classes with one "
        f"product each, over {value.drop.plain_classes:,} of them and scaled; its verdicts are "
        "compared first. read: one pass over the embeddings. MiB: what the process grows by at its "
        "highest point, mapped files included. ms: CPU time of one thread, median, ± half the "
        "range; +: against the head without."
    )


def _drop(found: DropResult) -> None:
    shape = found.shape
    threads = "1 thread" if found.threads == 1 else f"{found.threads} threads"
    console.print(
        f"[bold]Sub-centre drop[/bold], {shape.samples:,} samples of {shape.classes:,} people, "
        f"{shape.centres} centres each, {shape.dim} dimensions, {threads}; {found.flagged:,} "
        f"flagged, precision {found.precision:.2f}, recall {found.recall:.2f}"
    )
    grid = grid_of("", "s", "MiB")
    grid.add_row("rule", f"{found.decide_s:,.2f}", "")
    grid.add_row("scores", f"{found.score_s:,.2f}", "")
    grid.add_row("set without them", f"{found.apply_s:,.2f}", "")
    peak = "–" if found.peak_mib is None else f"{found.peak_mib:,.0f}"
    grid.add_row("in all", f"{found.s:,.2f}", peak)
    grid.add_row(f"plain, {found.ratio:.2g} times the rule", f"{found.plain_s:,.2f}", "")
    grid.add_row("read", f"{found.read_s:,.2f}", "")
    console.print(grid)


def _record(found: RecordResult) -> None:
    shape = found.shape
    console.print(
        f"\n[bold]Decisions in training[/bold], tiny, {shape.side} px, batch {shape.batch}, "
        f"{shape.classes:,} classes, boundary head; an epoch of {shape.samples:,} samples, "
        f"{100 * found.flagged:.0f} % of them flagged"
    )
    grid = grid_of("", "ms", "% of a step")
    grid.add_row("step", f"{found.step_ms:,.1f}", "")
    grid.add_row("head without decisions", f"{found.off_ms:,.1f}", "")
    more = f"{100 * found.taken:+.2f}"
    grid.add_row("head with decisions", f"{found.on_ms:,.1f} ± {found.spread_ms:,.1f}", more)
    grid.add_row("writing down those of a step", f"{found.add_ms:,.3f}", "")
    grid.add_row("gathering and scoring an epoch's", f"{found.close_ms:,.0f}", "")
    per_step = found.add_ms + found.close_ms / shape.steps
    grid.add_row("both, a step", f"{per_step:,.3f}", f"{100 * found.recorded:.3f}")
    console.print(grid)
