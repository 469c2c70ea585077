"""How the benchmark of studies of many arms is printed for people."""

from frlib.bench.scale import ScaleReport
from frlib.bench.scale_tune import TuneResult
from frlib.cli.bench_page import console, grid_of


def report(value: ScaleReport) -> None:
    """A column for each number of arms, and what the rows mean."""
    marks, sizes = value.marks, value.sizes
    console.print(
        f"\n[bold]A study of {marks[-1].arms:,} arms[/bold] with made-up curves of {sizes.epochs} "
        f"epochs, {sizes.at_a_time} at a time; TPE over two numbers, halving; no cluster"
    )
    grid = grid_of("arms", *(f"{one.arms:,}" for one in marks))
    for name, texts in (
        ("stopped early since the last", [f"{one.stopped:,}" for one in marks]),
        ("propose, CPU ms an arm", [f"{one.propose_ms:.1f}" for one in marks]),
        ("judge its epochs", [f"{one.judge_ms:.1f}" for one in marks]),
        ("end it", [f"{one.end_ms:.1f}" for one in marks]),
        ("these three, wall ms", [f"{one.wall_ms:.1f}" for one in marks]),
        ("one proposal here, CPU ms", [f"{one.last_ms:.1f}" for one in marks]),
        ("driver, MiB", [f"{one.driver_mib:,.0f}" for one in marks]),
        ("plan, CPU s", [f"{one.plan.cpu_s:.2f}" for one in marks]),
        ("plan, wall s", [f"{one.plan.wall_s:.2f}" for one in marks]),
        ("resume, CPU s", [f"{one.resume.cpu_s:.2f}" for one in marks]),
        ("resume, wall s", [f"{one.resume.wall_s:.2f}" for one in marks]),
        ("resumed driver, MiB", [f"{one.resumed_mib:,.0f}" for one in marks]),
        ("files of records", [f"{one.room.files:,}" for one in marks]),
        ("folders of records", [f"{one.room.folders:,}" for one in marks]),
        ("records, MiB", [f"{one.room.mib:,.1f}" for one in marks]),
        ("records on disk, MiB", [f"{one.room.disk_mib:,.1f}" for one in marks]),
    ):
        grid.add_row(name, *texts)
    console.print(grid)
    _tune(value.tune)
    console.print(
        f"\nThe driver had {marks[0].base_mib:,.0f} MiB before the first arm. an arm: mean since "
        "the column before. propose: with what is written of arm and search, each line flushed. "
        "judge: of all epochs of an arm. plan and resume: a new process reads the records, its "
        "imports left out."
    )


def _tune(found: TuneResult | str) -> None:
    if isinstance(found, str):
        console.print(f"\n[bold]Through Ray Tune[/bold]: not measured. {found}")
        return
    console.print(
        f"\n[bold]Through Ray Tune[/bold], {found.arms:,} arms whose trials read off their curves "
        f"({found.stopped:,} stopped). Ray and the first {found.warm:,} take {found.start_s:.1f} "
        f"s, each further arm {found.wall_ms:,.0f} ms wall and {found.cpu_ms:,.0f} CPU ms of the "
        f"driver, which has {found.driver_mib:,.0f} MiB at the end"
    )
