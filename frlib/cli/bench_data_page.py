"""How the benchmark of loading is printed for people."""

from frlib.bench.data import DataReport
from frlib.bench.fetch import BASELINE
from frlib.cli.bench_page import console, grid_of, limits


def report(value: DataReport) -> None:
    """Limits, a table for each question, and what the columns mean."""
    limits(value.limits)
    _loaders(value)
    _fetch(value)
    _training(value)
    _millions(value)
    console.print(
        "\nµs: CPU time an image, median of the passes, ± half the range. plain: ImageFolder, PIL, "
        "transforms an image, in torch's DataLoader. levels: largest difference of a pixel from "
        "plain code, of 255. MiB: what the process grows by at its highest point."
    )


def _loaders(value: DataReport) -> None:
    some = value.loaders[0]
    console.print(
        f"\n[bold]From JPEG to the network's input[/bold], {some.images:,} faces of "
        f"{value.image_bytes / 1000:.1f} kB, 112 pixels"
    )
    grid = grid_of("", "plain µs", "frlib µs", "± %", "times faster", "levels")
    for one in value.loaders:
        spread = 50 * (one.most_us - one.least_us) / one.us
        grid.add_row(
            f"{one.mode}, {one.side} px",
            f"{one.plain_us:,.0f}",
            f"{one.us:,.0f}",
            f"{spread:.0f}",
            f"{one.faster:.1f}",
            f"{one.levels:.1f}",
        )
    console.print(grid)


def _fetch(value: DataReport) -> None:
    console.print(
        f"\n[bold]Encoded bytes at random[/bold], {value.fetch[0].blobs:,} images of 7 kB, warm"
    )
    grid = grid_of("", "µs", "± %", "times faster than a file each")
    for one in sorted(value.fetch, key=lambda one: one.us):
        spread = 50 * (one.most_us - one.least_us) / one.us
        faster = "" if one.name == BASELINE else f"{one.faster:.2g}"
        grid.add_row(one.name, f"{one.us:,.1f}", f"{spread:.0f}", faster)
    console.print(grid)


def _training(value: DataReport) -> None:
    one = value.training
    console.print(
        f"\n[bold]Training[/bold] {one.backbone}, {one.side} px, batch {one.batch}, passes of "
        f"{one.steps} steps: {one.fixed_ms:,.0f} ms a step on a fixed batch, {one.loaded_ms:,.0f} "
        f"ms with the loader ({100 * one.lost:+.1f} %); the loader by itself takes "
        f"{100 * one.alone:.1f} % of a step"
    )


def _millions(value: DataReport) -> None:
    console.print("\n[bold]Sets of millions[/bold], each in a process of its own")
    grid = grid_of("", "rows", "CPU s", "MiB")
    for one in value.millions:
        peak = "–" if one.peak_mib is None else f"{one.peak_mib:,.0f}"
        name = {"index": "index opened", "manifest": "manifest built and corrupted"}[one.name]
        grid.add_row(name, f"{one.rows:,}", f"{one.seconds:.1f}", peak)
    console.print(grid)
