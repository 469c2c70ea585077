"""How the benchmark of tables is printed for people."""

from frlib.bench.tables import TablesReport
from frlib.cli.bench_page import console, grid_of


def report(found: TablesReport) -> None:
    """A line for each way to the numbers, and what the lines mean."""
    console.print(f"\n[bold]Tables[/bold] of {found.runs:,} runs x {found.metrics} metrics")
    grid = grid_of("", "CPU s", "wall s", "peak MiB")
    for name, spent in (
        ("imports", found.imports),
        ("from records", found.table),
        (f"MLflow, {found.searched_runs:,} runs, queries", found.queried),
        (f"MLflow, {found.searched_runs:,} runs, search", found.searched),
    ):
        peak = "" if spent.peak_mib is None else f"{spent.peak_mib:,.0f}"
        grid.add_row(name, f"{spent.cpu_s:.2f}", f"{spent.wall_s:.2f}", peak)
    console.print(grid)
    console.print(
        f"Queries take {found.faster:.1f} times less CPU time than MLflow's own search in pages of "
        "1,000. A table: read, verified, built, and written in four forms. Memory is of the whole "
        "process."
    )
