"""A training step: frlib's trainer against a plain loop, compared first, then in turns.

CPU time of one thread. Peaks are measured in a process of their own, as those of the heads are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from frlib.bench import apart, measure, train_floor
from frlib.bench.limits import Limits
from frlib.bench.train_case import PLAIN, PLAN, Case, Shape

_MIB = 2**20
Precisions = tuple[str, ...]
Peaks = Mapping[str, int | None]


@dataclass(frozen=True, kw_only=True)
class FormResult:
    """One form: milliseconds of a step (median, least, most) and the MiB that it adds at its peak.

    faster, faster_than_plan: the plain loop's time, and that of the plain plan, over this one's.
    error: of the loss, None for another model. floor: `train_floor` over the time, of the trainer's
    forms. peak_ratio: over the plain loop's. None: not there, or not measurable.
    """

    ms: float
    least_ms: float
    most_ms: float
    images_per_s: float
    faster: float
    faster_than_plan: float | None
    error: float | None
    floor: float | None
    peak_mib: float | None
    peak_ratio: float | None


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """One network. decided: the precision that a run with `auto` takes here.

    macs, outputs: of an image. repeats: steps timed, of each form.
    """

    name: str
    shape: Shape
    decided: str
    macs: int
    outputs: int
    repeats: int
    forms: dict[str, FormResult]


def measured(
    shapes: Mapping[Shape, int], *, machine: Limits, say: Callable[[str], None]
) -> tuple[StepResult, ...]:
    """Every shape, timed as often as it says. `BenchmarkError` where losses differ."""
    precisions: dict[Shape, Precisions] = {}
    for shape in shapes:
        say(f"step of {shape.name}: precision")
        precisions[shape] = shape.precisions()
    say("steps: peak memory")
    peaks = apart.run(machine.threads, peaks_of, precisions, machine.threads)
    return tuple(
        _measured(shape, precisions[shape], repeats, peaks[shape], machine, say)
        for shape, repeats in shapes.items()
    )


def peaks_of(shapes: Mapping[Shape, Precisions], threads: int) -> dict[Shape, Peaks]:
    """Bytes that a second step adds, by form, in this process, whose allocator is changed."""
    measure.free_at_once()
    with measure.threads(threads):
        return {shape: _peaks(Case(shape, precisions)) for shape, precisions in shapes.items()}


def _peaks(case: Case) -> Peaks:
    found: dict[str, int | None] = {}
    for name, step in case.steps.items():
        step()
        found[name] = measure.peak_bytes(step, torch.device("cpu"), case.forget)
    return found


def _measured(
    shape: Shape,
    precisions: Precisions,
    repeats: int,
    peaks: Peaks,
    machine: Limits,
    say: Callable[[str], None],
) -> StepResult:
    say(f"step of {shape.name}: agreement")
    case = Case(shape, precisions)
    work = train_floor.counted(case.backbone, shape.side)
    errors = case.compared()
    say(f"step of {shape.name}: time")
    by = measure.clock(torch.device("cpu"), machine.threads)
    times = measure.interleaved(case.steps, by, repeats, case.forget)
    plan = times.get(PLAN)

    def of(form: str) -> FormResult:
        time, peak, plain_peak = times[form], peaks[form], peaks[PLAIN]
        is_own = form in precisions
        floor_s = work.floor_s(shape.batch, form, machine) if is_own else None
        return FormResult(
            ms=1e3 * time.median_s,
            least_ms=1e3 * time.least_s,
            most_ms=1e3 * time.most_s,
            images_per_s=shape.batch / time.median_s,
            faster=times[PLAIN].median_s / time.median_s,
            faster_than_plan=None if plan is None else plan.median_s / time.median_s,
            error=errors[form] if is_own else None,
            floor=None if floor_s is None else floor_s / time.median_s,
            peak_mib=None if peak is None else peak / _MIB,
            peak_ratio=peak / plain_peak if peak is not None and plain_peak else None,
        )

    return StepResult(
        name=shape.name,
        shape=shape,
        decided=precisions[-1],
        macs=work.macs,
        outputs=work.outputs,
        repeats=repeats,
        forms={form: of(form) for form in case.steps},
    )
