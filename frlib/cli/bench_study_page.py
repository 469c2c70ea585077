"""How the benchmark of the study engine is printed for people."""

from frlib.bench.study import StudyReport
from frlib.bench.study_trials import TrialsResult
from frlib.cli.bench_page import console, grid_of


def report(value: StudyReport) -> None:
    """A table for each question, and what the columns mean."""
    _trials(value.trials)
    _scale(value)
    console.print(
        "\nCPU s: user and system, of all processes where trials run, Ray's among them; of one "
        "process elsewhere. beside: without the run itself, called directly in one process. new: "
        "without Optuna's journal, into which all runs are put back, flushed one by one."
    )


def _trials(found: TrialsResult | str) -> None:
    if isinstance(found, str):
        console.print(f"\n[bold]Trials[/bold]: not measured. {found}")
        return
    console.print(
        f"\n[bold]Trials[/bold], {found.arms} runs of two epochs on tiny faces, one at a time; Ray "
        f"and the first {found.warm} take {found.start_s:.1f} CPU s"
    )
    grid = grid_of("CPU s of a run", "whole", "beside", "times beside a trial")
    grid.add_row("called directly", f"{found.run_s:.2f}", "", "")
    grid.add_row("a trial, warm worker", f"{found.trial_s:.2f}", f"{found.beside_s:.2f}", "1.0")
    fresh = f"{found.fresh_s:.2f}", f"{found.fresh_beside_s:.2f}", f"{found.times:.1f}"
    grid.add_row("a process of its own", *fresh)
    console.print(grid)


def _scale(value: StudyReport) -> None:
    console.print("\n[bold]Large studies[/bold], before the first trial")
    grid = grid_of("", "CPU s", "wall s")
    plan = value.plan
    grid.add_row(f"plan, {plan.arms:,} arms", f"{plan.plan.cpu_s:.2f}", f"{plan.plan.wall_s:.2f}")
    for one in value.resumes:
        for name, spent in (("new", one.new), ("usual", one.usual)):
            row = f"resume, {one.runs:,} runs on record, {name}"
            grid.add_row(row, f"{spent.cpu_s:.2f}", f"{spent.wall_s:.2f}")
    console.print(grid)
    for one in value.resumes:
        console.print(
            f"One proposal of TPE that knows {one.runs:,} arms: {one.proposal_ms:,.0f} CPU ms "
            f"({one.least_ms:,.0f} to {one.most_ms:,.0f})"
        )
