"""How the benchmark of the mirror is printed for people."""

from frlib.bench.track import TrackReport
from frlib.cli.bench_page import console, grid_of


def report(value: TrackReport) -> None:
    """A line a server, and what the columns mean."""
    sizes = value.sizes
    console.print(
        f"[bold]Training beside the MLflow mirror[/bold], {sizes.rounds} rounds of {sizes.epochs} "
        f"epochs of {sizes.steps} steps; {sizes.metrics} metrics an epoch"
    )
    grid = grid_of("server", "step, ms", "slower, %", "wall, ms", "driver, ms")
    for name, found in value.results.items():
        grid.add_row(
            name,
            f"{found.cpu_ms:.3f}",
            f"{100 * found.slower:+.2f} ± {100 * found.spread:.2f}",
            f"{found.wall_ms:.3f}",
            f"{found.driver_ms:.0f}",
        )
    console.print(grid)
    console.print(
        "\nstep: the trainer's CPU time, medians; slower: against no mirror in the same round. "
        "driver: CPU time an epoch of the process that starts trainers and feeds the mirror. "
        f"MLflow calls on the path of training: none. Of {value.points:,} points on record none is "
        "missing on the server."
    )
