"""`frlib train plan`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frlib.cli.options import DEFAULT_STORE, Faces, Json, Set, Store

if TYPE_CHECKING:
    from frlib.data.config import DataConfig
    from frlib.data.published_sets import Counts
    from frlib.train.config import TrainConfig

_GIB = 2**30


def plan(
    run: Annotated[
        str,
        typer.Argument(
            metavar="STUDY",
            help="A study (its base run), a .py file with study(), or a run's config: JSON, or a "
            ".json file. Its data may be left out where counts are given.",
        ),
    ],
    sets: Set = None,
    workers: Annotated[
        int | None, typer.Option(help="Data-parallel workers; none: the study's, or 1.")
    ] = None,
    like: Annotated[
        str, typer.Option(metavar="SET", help="Counts of a published set, e.g. ms1mv3.")
    ] = "",
    classes: Annotated[int, typer.Option(min=0, help="Classes; 0: those of the data.")] = 0,
    images: Annotated[int, typer.Option(min=0, help="Images; 0: those of the data.")] = 0,
    memory: Annotated[
        float, typer.Option(min=0, metavar="GIB", help="A device of your own; 0: known ones.")
    ] = 0,
    hours: Annotated[
        float, typer.Option(min=0, help="Time the run may take: how fast must it be?")
    ] = 0,
    store: Store = DEFAULT_STORE,
    faces: Faces = "",
    as_json: Json = False,
) -> None:
    """Memory of a worker by part, devices it fits, and the speed a budget asks for; starts nothing.

    Without --like or --classes and --images the training set is counted, which reads all of it
    once.
    """
    from frlib.cli.train import plan_page
    from frlib.train import devices, fit
    from frlib.train.plan import plan as make

    config, own_workers = _config(run, sets or [], faces, has_counts=bool(like or classes))
    counts = _counts(config.data, store, like, classes, images)
    found = make(
        config,
        workers=own_workers if workers is None else workers,
        num_classes=counts.classes,
        num_images=counts.images,
        hours=hours,
    )
    asked = (*devices.here(), *devices.known())
    if memory:
        asked = (devices.Device(f"{memory:g} GiB", int(memory * _GIB)),)
    verdicts, remedies = fit.verdicts(found.workload, asked), fit.remedies(found.workload)
    if as_json:
        facts = plan_page.facts(found, counts, verdicts, remedies)
        typer.echo(json.dumps(facts, indent=1, ensure_ascii=False))
    else:
        plan_page.page(found, counts, verdicts, remedies)


def _config(
    text: str, sets: list[str], faces: str, *, has_counts: bool
) -> tuple["TrainConfig", int]:
    """The run, and the workers it is meant for. `--set` changes a study as it does elsewhere."""
    from frlib.core.config import override
    from frlib.core.errors import ConfigError
    from frlib.study.find import find
    from frlib.train.config import TrainConfig

    if text.endswith(".json"):
        if not Path(text).is_file():
            raise ConfigError(f"{text}: no such file; expected the JSON of a run's config")
        text = Path(text).read_text()
    elif not text.lstrip().startswith("{"):
        study = override(find(text, faces), sets)
        return study.base, study.resources.workers
    try:
        value: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"the run's config is no JSON ({error})") from None
    if not has_counts and "data" not in value:
        raise ConfigError(
            "the run's config has no data to count; give --classes C and --images M, --like SET, "
            "or its data"
        )
    if has_counts:
        value["data"] = {"train": "synth"} | value.get("data", {})
    return override(TrainConfig.parse(value), sets), 1


def _counts(data: "DataConfig", store: Path, like: str, classes: int, images: int) -> "Counts":
    from frlib.core.errors import ConfigError, FrlibError
    from frlib.data import catalog, published_sets
    from frlib.data.splits import sides

    if bool(classes) != bool(images) or (like and classes):
        raise ConfigError("give --like SET, or --classes C and --images M, or none of them")
    if like:
        return published_sets.counts(like)
    if classes:
        return published_sets.Counts(classes, images)
    try:
        train = sides(catalog.scan(data.train, store), data).clean
    except (FrlibError, OSError) as error:
        raise ConfigError(
            f"the training set cannot be counted ({error}). Give --classes C and --images M, or "
            f"--like one of {', '.join(published_sets.PUBLISHED)}"
        ) from error
    return published_sets.Counts(train.num_classes, len(train))
