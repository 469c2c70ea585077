"""How the benchmark of old features is printed for people."""

from frlib.bench.compat import CompatReport
from frlib.bench.compat_classes import ClassesResult
from frlib.bench.compat_extract import ExtractResult
from frlib.bench.compat_read import ReadResult
from frlib.cli.bench_page import console, grid_of


def report(value: CompatReport) -> None:
    """A table for each question, and what the columns mean."""
    _read(value.read)
    _extract(value.extract)
    _classes(value.classes)
    console.print(
        "\nOne thread, files in the system's memory; results are compared with plain code first. "
        "ms, images/s: CPU time, medians, ± half the range. s: wall time. passes: over one that "
        "reads all rows. MiB: what the process grows by at its highest point, mapped files "
        "included."
    )


def _read(found: ReadResult) -> None:
    shape = found.shape
    console.print(
        f"[bold]Old features of a batch[/bold], {shape.batch} of {found.samples:,}, {found.dim} "
        f"dimensions; opened in {found.open_s:.2f} s"
    )
    grid = grid_of("", "ms", "")
    grid.add_row(
        "read",
        f"{found.read_ms:,.3f} ± {found.spread_ms:,.3f}",
        f"{100 * found.share:.2f} % of the step",
    )
    grid.add_row("copy", f"{found.copy_ms:,.3f}", f"{found.ratio:.1f} times faster")
    grid.add_row(f"step, tiny, {shape.side} px", f"{found.step_ms:,.1f}", "")
    console.print(grid)


def _extract(found: ExtractResult) -> None:
    shape = found.shape
    console.print(
        f"\n[bold]Extraction[/bold], {shape.images:,} JPEG faces, batches of {shape.batch}, a "
        f"model that takes no time, {shape.dim} dimensions"
    )
    grid = grid_of("", "images/s", "%")
    grid.add_row("loader", f"{found.loader:,.0f}", "100")
    spread = 100 * found.spread
    grid.add_row("extraction", f"{found.extract:,.0f} ± {spread:.0f} %", f"{100 * found.share:.0f}")
    console.print(grid)


def _classes(found: ClassesResult) -> None:
    shape = found.shape
    console.print(
        f"\n[bold]Classes[/bold], {shape.samples:,} samples of {shape.classes:,}, {shape.dim} "
        f"dimensions, {found.file_mib:,.0f} MiB; {100 * found.kept:.1f} % credible"
    )
    grid = grid_of("", "s", "passes", "MiB")
    grid.add_row("read", f"{found.read_s:,.2f}", "1.0", "")
    for name, seconds in (
        ("means", found.means_s),
        ("credible", found.credible_s),
        ("radius", found.radius_s),
    ):
        grid.add_row(name, f"{seconds:,.2f}", f"{found.passes[name]:.1f}", "")
    peak = "–" if found.peak_mib is None else f"{found.peak_mib:,.0f}"
    grid.add_row("all three", f"{found.means_s + found.credible_s + found.radius_s:,.2f}", "", peak)
    grid.add_row(f"means, plain, {found.ratio:.2g} times", f"{found.plain_s:,.2f}", "", "")
    console.print(grid)
