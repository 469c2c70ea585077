"""A plan for people: parts, devices, what would help, and speed; and the same as facts."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from frlib.core.config import flatten

if TYPE_CHECKING:
    from frlib.data.published_sets import Counts
    from frlib.train.config import Backbone
    from frlib.train.fit import Remedy, Verdict
    from frlib.train.plan import MemoryPlan

_GIB, _MIB = 2**30, 2**20
_NOTHING = "–"


def page(
    found: "MemoryPlan",
    counts: "Counts",
    verdicts: "Sequence[Verdict]",
    remedies: "Sequence[Remedy]",
) -> None:
    """The whole plan."""
    console = Console(highlight=False)
    load = found.workload
    workers = "1 worker" if load.workers == 1 else f"{load.workers} workers"
    console.print(
        f"[bold]{load.backbone.name}[/bold] ({_settings(load.backbone)}) at {load.size} pixels, "
        f"{load.precision}; class rows {load.class_rows}\n"
        f"{counts.classes:,} classes, {counts.images:,} images; {workers}, batch {load.batch:,}: "
        f"{load.share:,} images each"
    )
    _parts(found, console)
    _devices(found, verdicts, console)
    if any(not one.fits for one in verdicts):
        _remedies(remedies, verdicts, console)
    _speed(found, console)


def _settings(backbone: "Backbone") -> str:
    values = ((path, value) for path, value in flatten(backbone) if path != "name")
    return ", ".join(f"{path} {value}" for path, value in values)


def _parts(found: "MemoryPlan", console: Console) -> None:
    for place, total in (("device", found.device_bytes), ("host", found.host_bytes)):
        console.print(f"\n[bold]A worker, {place}[/bold]")
        grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        grid.add_column(no_wrap=True, min_width=26)
        grid.add_column(justify="right", no_wrap=True, min_width=11)
        grid.add_column()
        for part in found.parts:
            if part.place == place:
                grid.add_row(part.name, _gib(part.bytes), part.about)
        grid.add_row("together", _gib(total), style="bold")
        console.print(grid)


def _devices(found: "MemoryPlan", verdicts: "Sequence[Verdict]", console: Console) -> None:
    console.print()
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    grid.add_column("[bold]Devices[/bold]", no_wrap=True)
    for title in ("usable", "needed", "fits", "images of a worker\nat most", "batch\nat most"):
        grid.add_column(title, justify="right", no_wrap=True)
    for one in verdicts:
        batch = one.largest_share * found.workload.workers
        grid.add_row(
            one.device.name,
            _gib(one.device.usable),
            _gib(one.needs),
            "yes" if one.fits else "[bold]no[/bold]",
            f"{one.largest_share:,}" if one.largest_share else _NOTHING,
            f"{batch:,}" if batch else _NOTHING,
        )
    console.print(grid)
    console.print(
        "usable: 5 % are left for what an allocator cannot give out, and 1 GiB more on an "
        "accelerator for its context and the work space of kernels. "
        + (
            "This machine's CPU would hold all workers and their host memory. "
            if any(one.device.is_host for one in verdicts)
            else ""
        )
        + "The need is an upper bound of what torch allocates in eager mode."
    )


def _remedies(
    remedies: "Sequence[Remedy]", verdicts: "Sequence[Verdict]", console: Console
) -> None:
    if not remedies:
        return
    console.print()
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    grid.add_column("[bold]What would need less[/bold]", overflow="fold", max_width=46)
    grid.add_column("device", justify="right", no_wrap=True)
    grid.add_column("host", justify="right", no_wrap=True)
    grid.add_column("fits from")
    places = [one.device for one in verdicts if not one.device.is_host]
    for one in remedies:
        first = next((d.name for d in places if one.device_bytes <= d.usable), _NOTHING)
        grid.add_row(one.change, _gib(one.device_bytes), _gib(one.host_bytes), first)
    console.print(grid)
    if any("sample_rate" in one.change or "accumulate" in one.change for one in remedies):
        console.print(
            "accumulate (batch statistics of a piece) and head.sample_rate change what is learned, "
            "the others how it is computed."
        )
    if any("bfloat16" in one.change for one in remedies):
        console.print("T4 and V100 have no fast bfloat16; precision=float16 needs as much.")


def _speed(found: "MemoryPlan", console: Console) -> None:
    network, head = found.workload.network.flops_per_image, found.head_flops_per_image
    console.print(
        f"\n[bold]Speed[/bold]  {found.steps:,} steps an epoch, {found.epochs} epochs, "
        f"{found.images:,} images; {_amount(found.flops_per_image)}FLOP an image, forward and "
        f"backward ({_amount(network)} backbone, {_amount(head)} classes)"
    )
    rate = found.images_per_s
    if rate is None:
        return
    workers = found.workload.workers
    each = f", {rate / workers:,.0f} a worker" if workers > 1 else ""
    flops = _amount(rate * found.flops_per_image / workers)
    console.print(
        f"In {found.hours:g} h: {rate:,.0f} images/s{each}, which takes {flops}FLOP/s of each "
        "device. Evaluation and checkpoints come on top."
    )


def facts(
    found: "MemoryPlan",
    counts: "Counts",
    verdicts: "Sequence[Verdict]",
    remedies: "Sequence[Remedy]",
) -> dict[str, Any]:
    """The plan as plain JSON types, sizes in bytes."""
    load = found.workload
    return {
        "backbone": load.backbone.name,
        "size": load.size,
        "precision": load.precision,
        "classes": counts.classes,
        "images": counts.images,
        "workers": load.workers,
        "class_rows": load.class_rows,
        "batch": load.batch,
        "images_per_worker": load.share,
        "images_per_pass": load.piece,
        "parameters": load.network.parameters,
        "parts": [asdict(part) for part in found.parts],
        "device_bytes": found.device_bytes,
        "host_bytes": found.host_bytes,
        "devices": [
            {
                "device": one.device.name,
                "usable_bytes": one.device.usable,
                "needed_bytes": one.needs,
                "fits": one.fits,
                "images_per_worker_at_most": one.largest_share,
            }
            for one in verdicts
        ],
        "needs_less": [asdict(one) for one in remedies],
        "steps_per_epoch": found.steps,
        "epochs": found.epochs,
        "images_in_all": found.images,
        "flops_per_image": found.flops_per_image,
        "head_flops_per_image": found.head_flops_per_image,
        "hours": found.hours,
        "images_per_s": found.images_per_s,
    }


def _gib(count: int) -> str:
    if count >= _GIB / 10:
        return f"{count / _GIB:,.2f} GiB"
    if count < _MIB / 10:
        return "< 0.1 MiB" if count else "0 MiB"
    return f"{count / _MIB:,.1f} MiB"


def _amount(value: float) -> str:
    for size, prefix in ((1e12, "T"), (1e9, "G")):
        if value >= size:
            return f"{value / size:,.1f} {prefix}"
    return f"{value / 1e6:,.1f} M"
