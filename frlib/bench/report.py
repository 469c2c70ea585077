"""What a benchmark of heads found, as plain values: `dataclasses.asdict` of it is JSON."""

from collections.abc import Mapping
from dataclasses import dataclass

from frlib.bench.case import FLOOR, ONE_HOT, Error, Shape
from frlib.bench.limits import Limits
from frlib.bench.measure import Timing

_MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class FormResult:
    """One form of one head: time of a step (median, least, most) and the memory it adds.

    speedup and peak_saving: the one-hot form's value divided by this one's. times_floor and
    times_memory_floor: this one's value divided by the floor. Peaks are None where not measurable.
    """

    ms: float
    least_ms: float
    most_ms: float
    speedup: float
    times_floor: float
    peak_mib: float | None
    peak_saving: float | None
    times_memory_floor: float | None
    error: Error


@dataclass(frozen=True, kw_only=True)
class HeadResult:
    """One head at one number of classes.

    repeats: steps timed, of each form. flagged: samples of the batch that were relabelled.
    floor_share: matmul rate of the floor as a part of the fp32 limit.
    """

    head: str
    shape: Shape
    centres: int
    repeats: int
    flagged: int
    floor_ms: float
    floor_share: float
    memory_floor_mib: float
    forms: dict[str, FormResult]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything measured. `bf16` says why there is no such form; empty if there is."""

    limits: Limits
    bf16: str
    results: tuple[HeadResult, ...]


def result(
    head: str,
    shape: Shape,
    *,
    centres: int,
    repeats: int,
    flagged: int,
    errors: Mapping[str, Error],
    times: Mapping[str, Timing],
    peaks: Mapping[str, int | None],
    fp32_gflops: float,
) -> HeadResult:
    """Ratios and floors. `errors` and `peaks` are of every form, `times` of the floor as well."""
    weights = shape.classes * centres * shape.dim
    floor_s = times[FLOOR].median_s
    memory_floor = 4 * (weights + shape.batch * shape.classes)

    def of(form: str) -> FormResult:
        time, peak = times[form], peaks[form]
        return FormResult(
            ms=1e3 * time.median_s,
            least_ms=1e3 * time.least_s,
            most_ms=1e3 * time.most_s,
            speedup=times[ONE_HOT].median_s / time.median_s,
            times_floor=time.median_s / floor_s,
            peak_mib=None if peak is None else peak / _MIB,
            peak_saving=_over(peaks[ONE_HOT], peak),
            times_memory_floor=_over(peak, memory_floor),
            error=errors[form],
        )

    return HeadResult(
        head=head,
        shape=shape,
        centres=centres,
        repeats=repeats,
        flagged=flagged,
        floor_ms=1e3 * floor_s,
        floor_share=6e-9 * shape.batch * weights / floor_s / fp32_gflops,
        memory_floor_mib=memory_floor / _MIB,
        forms={form: of(form) for form in errors},
    )


def _over(above: int | None, below: int | None) -> float | None:
    return above / below if above is not None and below else None
