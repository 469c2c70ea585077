"""How the benchmark of training is printed for people."""

from frlib.bench.train import TrainReport
from frlib.bench.train_step import StepResult
from frlib.cli.bench_page import console, grid_of, limits
from frlib.launch.overhead import Overhead

_NOTHING = "–"


def report(value: TrainReport, layer: Overhead | str | None) -> None:
    """Limits, a table for each question, and what the columns mean. layer: of Ray Train."""
    limits(value.limits)
    for one in value.steps:
        _step(one)
    _updates(value)
    _checkpoints(value)
    _layer(layer)
    console.print(
        "\nms: CPU time of one thread, median, ± half the range. plain: the same network and "
        "weights in a fp32 NCHW loop, with a one-hot head. plain plan: what tiny was made from, "
        "with PReLU, in that loop; another model, so faster than it is no equal result. error: "
        "of the losses of the first steps. floor: share of a step that bare products and five "
        "passes over all outputs take; of an update, its traffic. MiB: what a step adds at its "
        "highest point."
    )


def _step(one: StepResult) -> None:
    shape = one.shape
    console.print(
        f"\n[bold]Step of {one.name}[/bold], {shape.side} px, batch {shape.batch}, "
        f"{shape.classes:,} classes; {one.macs / 1e6:,.1f} M MAC and {one.outputs / 1e6:,.2f} M "
        f"outputs an image; auto takes {one.decided}; {one.repeats} steps of each"
    )
    grid = grid_of(
        "\n",
        "\nms",
        "±\n%",
        "images\na s",
        "faster\nthan plain",
        "than\nplain plan",
        "\nerror",
        "floor\n%",
        "\nMiB",
    )
    for name, form in one.forms.items():
        grid.add_row(
            name if name.startswith("plain") else f"frlib {name}",
            f"{form.ms:,.0f}" if form.ms >= 100 else f"{form.ms:,.1f}",
            f"{50 * (form.most_ms - form.least_ms) / form.ms:.0f}",
            f"{form.images_per_s:,.1f}",
            f"{form.faster:.2f}",
            _told(form.faster_than_plan, ".2f"),
            _told(form.error, ".0e"),
            _told(None if form.floor is None else 100 * form.floor, ".0f"),
            _told(form.peak_mib, ",.0f"),
        )
    console.print(grid)


def _updates(value: TrainReport) -> None:
    console.print("\n[bold]Clip and SGD[/bold], the trainer's against a tensor at a time")
    grid = grid_of(
        "\n",
        "\ntensors",
        "M num-\nbers",
        "plain\nms",
        "frlib\nms",
        "±\n%",
        "times\nfaster",
        "floor\n%",
        "differ-\nence",
    )
    for one in value.updates:
        grid.add_row(
            one.name,
            str(one.tensors),
            f"{one.parameters / 1e6:,.1f}",
            f"{one.plain_ms:,.1f}",
            f"{one.ms:,.1f}",
            f"{50 * (one.most_ms - one.least_ms) / one.ms:.0f}",
            f"{one.faster:.2f}",
            f"{100 * one.floor:.0f}",
            f"{one.difference:.0e}" if one.difference else "0",
        )
    console.print(grid)


def _checkpoints(value: TrainReport) -> None:
    console.print(
        f"\n[bold]Checkpoints[/bold] every {value.checkpoints[0].every} steps, against torch.save "
        "where training stands; of training: the stall, and what is written behind"
    )
    grid = grid_of(
        "\n",
        "\nMB",
        "step\nms",
        "plain\nms",
        "stall\nms",
        "of train-\ning %",
        "behind\nms",
        "of train-\ning %",
        "written\nMB/s",
    )
    for one in value.checkpoints:
        grid.add_row(
            one.name,
            f"{one.mb:,.0f}",
            f"{one.step_ms:,.0f}",
            f"{one.plain_ms:,.1f}",
            f"{one.stall_ms:,.1f}",
            f"{100 * one.lost:.2f}",
            f"{one.behind_ms:,.0f}",
            f"{100 * one.behind:.2f}",
            f"{one.mb_per_s:,.0f}",
        )
    console.print(grid)


def _layer(layer: Overhead | str | None) -> None:
    if layer is None:
        return
    if isinstance(layer, str):
        console.print(f"\n[bold]Layer of Ray Train[/bold]: not measured. {layer}")
        return
    pace = layer.pace
    console.print(
        f"\n[bold]Layer of Ray Train[/bold], 2 workers, {pace.steps} steps of "
        f"{1e3 * pace.step_s:.0f} ms, {pace.numbers:,} numbers averaged in each, a row every "
        f"{pace.every}; {layer.turns} turns, nice {layer.nice}"
    )
    grid = grid_of("", "by hand ms", "Ray ms", "more, % of a step")
    wall = f"{layer.plain_ms:.2f}", f"{layer.ray_ms:.2f}", f"{100 * layer.lost:+.1f}"
    cpu = f"{layer.plain_cpu_ms:.2f}", f"{layer.ray_cpu_ms:.2f}", f"{100 * layer.cpu_lost:+.1f}"
    grid.add_row("step, wall time", *wall)
    grid.add_row("step and rows, CPU time of a worker", *cpu)
    grid.add_row("a row, wall time", f"{layer.plain_row_ms:.1f}", f"{layer.ray_row_ms:.1f}")
    console.print(grid)


def _told(value: float | None, form: str) -> str:
    return _NOTHING if value is None else format(value, form)
