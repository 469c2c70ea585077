"""`frlib bench`: compat, data, denoise, eval, heads, limits, scale, study, tables, track, train."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from frlib.cli.options import Json
from frlib.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from frlib.bench.compat import CompatReport
    from frlib.bench.data import DataReport
    from frlib.bench.denoise import DenoiseReport
    from frlib.bench.eval import EvalReport
    from frlib.bench.limits import Limits
    from frlib.bench.report import Report
    from frlib.bench.scale import ScaleReport
    from frlib.bench.study import StudyReport
    from frlib.bench.tables import TablesReport
    from frlib.bench.track import TrackReport

app = typer.Typer(
    name="bench", help="Speed and memory, against plain code and floors.", no_args_is_help=True
)
Threads = Annotated[int, typer.Option(min=1, help="Threads; with 1, CPU time is measured.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
Small = Annotated[bool, typer.Option("--small", help="Sizes that take seconds, to try it out.")]


@app.command()
def heads(
    heads: Annotated[
        str, typer.Option(help="Names, with commas. Default: all that have one-hot code.")
    ] = "",
    classes: Annotated[str, typer.Option(help="Numbers, with commas. Default: 10000,100000.")] = "",
    batch: Annotated[
        int, typer.Option(min=0, help="Samples in a batch. Default: 128.", show_default=False)
    ] = 0,
    dim: Annotated[
        int,
        typer.Option(min=0, help="Dimension of an embedding. Default: 512.", show_default=False),
    ] = 0,
    repeats: Annotated[
        int,
        typer.Option(
            min=0, help="Timed steps. Default: 15, or 3 from 50,000 classes.", show_default=False
        ),
    ] = 0,
    threads: Threads = 1,
    device: Device = "cpu",
    reference: Annotated[
        bool, typer.Option("--reference", help="Measure frlib's reference form as well.")
    ] = False,
    small: Small = False,
    as_json: Json = False,
) -> None:
    """Forward and backward of the heads: frlib's form, one-hot autograd code, the bare matmuls.

    Losses and gradients are compared first; a head that differs is an error.
    """
    from frlib.bench import heads as case
    from frlib.bench import onehot
    from frlib.cli import bench_page

    usual = case.SMALL if small else case.Sizes()
    sizes = case.Sizes(
        classes=_numbers(classes) or usual.classes,
        batch=batch or usual.batch,
        dim=dim or usual.dim,
        repeats=repeats or usual.repeats,
    )
    with _said() as say:
        report = case.run(
            tuple(_words(heads)) or onehot.HEADS,
            sizes,
            device=device,
            threads=threads,
            with_reference=reference,
            is_small=small,
            say=say,
        )
    if as_json:
        _print_json(report)
    else:
        bench_page.report(report)


@app.command()
def data(
    images: Annotated[int, typer.Option(min=0, help="Faces to decode. Default: 2,048.")] = 0,
    blobs: Annotated[int, typer.Option(min=0, help="Images to fetch. Default: 20,000.")] = 0,
    rows: Annotated[
        int, typer.Option(min=0, help="Rows of the index and manifest. Default: 5,000,000.")
    ] = 0,
    repeats: Annotated[int, typer.Option(min=0, help="Timed passes. Default: 7.")] = 0,
    small: Small = False,
    as_json: Json = False,
) -> None:
    """Loading against ImageFolder, PIL and transforms; random bytes; sets of millions; training.

    Pixels and bytes are compared first; a loader that differs is an error.
    """
    from frlib.bench import data as case
    from frlib.cli import bench_data_page

    usual = case.SMALL if small else case.Sizes()
    sizes = case.Sizes(
        images=images or usual.images,
        batch=usual.batch,
        blobs=blobs or usual.blobs,
        rows=rows or usual.rows,
        repeats=repeats or usual.repeats,
    )
    with _said() as say:
        report = case.run(sizes, is_small=small, say=say)
    if as_json:
        _print_json(report)
    else:
        bench_data_page.report(report)


@app.command()
def denoise(
    samples: Annotated[
        int,
        typer.Option(min=0, help="Of the set. Default: 1,000,000.", show_default=False),
    ] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Of the rule; a step has one.")] = 2,
    small: Small = False,
    as_json: Json = False,
) -> None:
    """A rule on a large set against a plain loop; what decisions cost in a training step.

    Verdicts are compared first; one that differs is an error.
    """
    from frlib.bench import denoise as case
    from frlib.cli import bench_denoise_page

    sizes = case.SMALL if small else case.Sizes()
    with _said() as say:
        report = case.run(sizes.of(samples) if samples else sizes, threads=threads, say=say)
    if as_json:
        _print_json(report)
    else:
        bench_denoise_page.report(report)


@app.command()
def compat(
    samples: Annotated[
        int,
        typer.Option(min=0, help="Of the old features. Default: 1,000,000.", show_default=False),
    ] = 0,
    small: Small = False,
    as_json: Json = False,
) -> None:
    """Old features: read in a training step, extracted, summed up by class.

    Rows, vectors and means are compared first; one that differs is an error.
    """
    from frlib.bench import compat as case
    from frlib.cli import bench_compat_page

    sizes = case.SMALL if small else case.Sizes()
    with _said() as say:
        report = case.run(sizes.of(samples) if samples else sizes, say=say)
    if as_json:
        _print_json(report)
    else:
        bench_compat_page.report(report)


@app.command("eval")
def evaluation(
    threads: Annotated[
        int, typer.Option(min=1, help="Of the protocols at full size; comparisons have one.")
    ] = 1,
    repeats: Annotated[
        int, typer.Option(min=0, help="Timed turns. Default: 5 or 3.", show_default=False)
    ] = 0,
    small: Small = False,
    as_json: Json = False,
) -> None:
    """Verification, IJB and MegaFace against plain code; full-size protocols; peak memory.

    Results are compared first; a number that differs is an error.
    """
    from frlib.bench import eval as case
    from frlib.cli import bench_eval_page

    sizes = case.SMALL if small else case.Sizes()
    with _said() as say:
        report = case.run(
            sizes.repeated(repeats) if repeats else sizes, threads=threads, is_small=small, say=say
        )
    if as_json:
        _print_json(report)
    else:
        bench_eval_page.report(report)


@app.command()
def train(
    repeats: Annotated[
        int, typer.Option(min=0, help="Timed turns. Default: 3 to 51.", show_default=False)
    ] = 0,
    small: Small = False,
    as_json: Json = False,
) -> None:
    """Steps, updates and checkpoints against plain loops; what the Ray Train layer costs.

    Losses, weights and restored states are compared first; one that differs is an error. The layer
    is left out of a small run, and where Ray cannot start.
    """
    from frlib.bench import train as case
    from frlib.cli import bench_train_page
    from frlib.launch import overhead

    usual = case.SMALL if small else case.Sizes()
    with _said() as say:
        report = case.run(usual.repeated(repeats) if repeats else usual, is_small=small, say=say)
        layer = None if small else overhead.measured(say=say)
    if as_json:
        found = layer if layer is None or isinstance(layer, str) else asdict(layer)
        typer.echo(json.dumps(asdict(report) | {"ray_train": found}, indent=1))
    else:
        bench_train_page.report(report, layer)


@app.command()
def study(
    trials: Annotated[
        int, typer.Option(min=0, help="Runs through the tuner. Default: 24.", show_default=False)
    ] = 0,
    arms: Annotated[
        int, typer.Option(min=0, help="Of the plan. Default: 10,000.", show_default=False)
    ] = 0,
    small: Small = False,
    as_json: Json = False,
) -> None:
    """What a trial, a plan, a resume and a proposal cost beside training.

    Results of trials are compared with those of runs called directly; a number that differs is an
    error. Trials are left out of a small run, and where Ray cannot start.
    """
    from frlib.bench import study as case
    from frlib.cli import bench_study_page

    usual = case.SMALL if small else case.Sizes()
    if 0 < trials <= usual.warm:
        raise ConfigError(
            f"--trials {trials}: the first {usual.warm} are not timed; give more than that"
        )
    sizes = replace(usual, trials=trials or usual.trials, plan=arms or usual.plan)
    with _said() as say:
        report = case.run(sizes, say=say)
    if as_json:
        _print_json(report)
    else:
        bench_study_page.report(report)


@app.command()
def scale(
    arms: Annotated[
        int, typer.Option(min=0, help="Of the study. Default: 10,000.", show_default=False)
    ] = 0,
    tune: Annotated[
        int,
        typer.Option(
            min=-1, help="Arms through Ray Tune. Default: 300; 0 for none.", show_default=False
        ),
    ] = -1,
    small: Small = False,
    as_json: Json = False,
) -> None:
    """A study of many arms with made-up curves: engine, driver, records, resuming, Ray Tune.

    Arms that get lost on the way are an error.
    """
    from frlib.bench import scale as case
    from frlib.cli import bench_scale_page

    usual = case.SMALL if small else case.Sizes()
    marks = tuple(dict.fromkeys((max(1, arms // 10), arms))) if arms else usual.marks
    with _said() as say:
        sizes = replace(usual, marks=marks, tune=usual.tune if tune < 0 else tune)
        report = case.run(sizes, say=say)
    if as_json:
        _print_json(report)
    else:
        bench_scale_page.report(report)


@app.command()
def track(
    rounds: Annotated[int, typer.Option(min=0, help="Of all servers in turn. Default: 5.")] = 0,
    small: Small = False,
    as_json: Json = False,
) -> None:
    """Training beside the MLflow mirror: its server answers, refuses, or keeps silent.

    A trainer that has loaded MLflow, or a record that is missing in the end, is an error.
    """
    from frlib.bench import track as case
    from frlib.cli import bench_track_page

    usual = case.SMALL if small else case.Sizes()
    with _said() as say:
        report = case.run(replace(usual, rounds=rounds or usual.rounds), say=say)
    if as_json:
        _print_json(report)
    else:
        bench_track_page.report(report)


@app.command()
def tables(
    runs: Annotated[
        int, typer.Option(min=0, help="On record. Default: 30,000.", show_default=False)
    ] = 0,
    small: Small = False,
    as_json: Json = False,
) -> None:
    """A table of a large study, from its records; and the same numbers from MLflow, two ways.

    Tables that differ, or numbers that do, are an error.
    """
    from frlib.bench import tables as case
    from frlib.cli import bench_tables_page

    usual = case.SMALL if small else case.Sizes()
    with _said() as say:
        report = case.run(replace(usual, runs=runs or usual.runs), say=say)
    if as_json:
        _print_json(report)
    else:
        bench_tables_page.report(report)


@app.command()
def limits(
    threads: Threads = 1, device: Device = "cpu", small: Small = False, as_json: Json = False
) -> None:
    """What the machine can do: matmul and memory rates."""
    from frlib.bench import limits as machine
    from frlib.cli import bench_page

    with _said() as say:
        found = machine.measured(device, threads, is_small=small, say=say)
    if as_json:
        _print_json(found)
    else:
        bench_page.limits(found)


@contextmanager
def _said() -> Iterator["Callable[[str], None]"]:
    """A line that says what is being measured, on stderr, gone at the end."""
    with Console(stderr=True).status("starting") as status:
        yield status.update


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _numbers(text: str) -> tuple[int, ...]:
    words = _words(text)
    if not all(word.isdecimal() and int(word) > 1 for word in words):
        raise ConfigError(
            f"--classes {text!r}: expected whole numbers from 2 on with commas between them, "
            "e.g. --classes 10000,100000"
        )
    return tuple(int(word) for word in words)


def _print_json(
    value: "Report | CompatReport | DataReport | DenoiseReport | EvalReport | Limits | ScaleReport"
    " | StudyReport | TablesReport | TrackReport",
) -> None:
    typer.echo(json.dumps(asdict(value), indent=1))
