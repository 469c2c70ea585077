"""`frlib eval run`."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frlib.cli.options import DEFAULT_STORE, Json, Store

if TYPE_CHECKING:
    from frlib.core.config import Config
    from frlib.evaluate.features import Features
    from frlib.evaluate.model import Model
    from frlib.evaluate.report import Report

_NOT_CHECKED = "not checked"


def run(
    protocols: Annotated[
        list[str],
        typer.Argument(
            metavar="PROTOCOL...",
            help="A CSV of pairs or people, a .bin, a folder of a benchmark, or JSON like "
            '{"name": "pair_list", "set": "lfw", "path": "pairs.txt"}.',
        ),
    ],
    model: Annotated[
        str, typer.Option(metavar="M", help="A run's folder, a .pt or .onnx file, or JSON.")
    ] = "",
    embeddings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Embeddings by image id instead.")
    ] = None,
    images: Annotated[
        str, typer.Option(metavar="SOURCE", help="The images that a list names: path or JSON.")
    ] = "",
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A field of every protocol."),
    ] = None,
    model_sets: Annotated[
        list[str] | None, typer.Option("--model-set", metavar="FIELD=VALUE", help="Of M.")
    ] = None,
    variants: Annotated[
        list[str] | None, typer.Option("--variant", metavar="NAME", help="May be repeated.")
    ] = None,
    all_variants: Annotated[
        bool, typer.Option("--all-variants", help="Every rule on the same embeddings.")
    ] = False,
    train: Annotated[
        list[str] | None,
        typer.Option(metavar="SOURCE", help="What the model was trained on: report overlap."),
    ] = None,
    check_pairs: Annotated[
        int, typer.Option(min=0, help="Pairs that colour and alignment are checked on; 0: none.")
    ] = 120,
    mirrored: Annotated[bool, typer.Option(help="Embed the mirrored images too.")] = True,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:N, or auto.")] = "auto",
    batch: Annotated[int, typer.Option(min=1, help="Images the model is given at once.")] = 128,
    threads: Annotated[int, typer.Option(min=1, help="Threads that decode a batch.")] = 2,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep reports and scores per pair here.")
    ] = None,
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Evaluate a model, or embeddings, on protocols: one table, every number with its variant.

    Before a number is given the list is counted, colour and alignment are checked on a few pairs
    (with a model), and overlap with training sets is looked for (--train).
    """
    from frlib.cli.data.source_of import source_of
    from frlib.cli.data.waiting import shown
    from frlib.cli.eval import page
    from frlib.core.config import Config, override
    from frlib.core.errors import ConfigError
    from frlib.evaluate import protocol
    from frlib.evaluate.features import from_vectors
    from frlib.evaluate.model import named, open_model

    if bool(model) == (embeddings is not None):
        raise ConfigError("give --model M or --embeddings FILE, one of them")
    if variants and all_variants:
        raise ConfigError("give --variant or --all-variants, not both")
    configs: list[Config] = []
    for text in protocols:
        config = protocol.named(text)
        if images:
            config = _with_images(config, source_of(images))
        configs.append(override(config, sets or []))
    if out is not None:
        _require_folder(out)
    trained = [source_of(text) for text in train or []]
    given = None if embeddings is None else from_vectors(embeddings)
    opened = open_model(override(named(model), model_sets or []), device) if model else None
    reports: list[Report] = []
    with shown() as watch:
        for config in configs:
            how: dict[str, Any] = {
                "mirrored": mirrored,
                "batch": batch,
                "threads": threads,
                "watch": watch,
            }
            features = given if opened is None else _embedded(config, opened, store, how)
            assert features is not None
            module = protocol.module_of(config)
            wanted = module.VARIANTS if all_variants else tuple(variants) if variants else None
            checked = _checked(config, opened, trained, store, check_pairs)
            report = _with(module.evaluate(config, features, wanted), checked)
            if out is not None:
                _save(report, out, reports)
            reports.append(report)
    if as_json:
        typer.echo(json.dumps([r.to_json() for r in reports], indent=1, ensure_ascii=False))
        return
    page.reports(reports)
    if out is not None:
        typer.echo(f"Scores   {out}")


def _with_images(config: "Config", source: "Config") -> "Config":
    from frlib.core.errors import ConfigError

    if "images" not in type(config).model_fields:
        raise ConfigError(
            f"--images: protocol {getattr(config, 'name', '?')} brings its own images; leave it out"
        )
    return config.model_copy(update={"images": source})


def _embedded(config: "Config", model: "Model", store: Path, how: dict[str, Any]) -> "Features":
    from frlib.core.errors import ConfigError
    from frlib.evaluate import extract, protocol

    module = protocol.module_of(config)
    source = module.source(config)
    if source is None:
        raise ConfigError(
            f"protocol {config.name}: which images? "  # type: ignore[attr-defined]
            "Give --images SOURCE with the ids that the list names, or --embeddings FILE."
        )
    return extract.extract(model, source, store, ids=_ids(config), **how)


def _ids(config: "Config") -> list[str] | None:
    """The images that a protocol asks about; None: all of its source."""
    from frlib.evaluate import protocol

    module = protocol.module_of(config)
    if hasattr(module, "questions"):
        return list(dict.fromkeys(name for one in module.questions(config) for name in one.ids))
    return module.ids(config) if hasattr(module, "ids") else None


def _checked(
    config: "Config", model: "Model | None", trained: list["Config"], store: Path, few: int
) -> tuple[dict[str, Any], list[str]]:
    """What was looked at before a number is given, and what was not."""
    looks, told = _looks(config, model, store, few)
    overlap, told_too = _overlap(config, trained, store)
    return {"colour_and_alignment": looks, "overlap": overlap}, [*told, *told_too]


def _looks(config: "Config", model: "Model | None", store: Path, few: int) -> tuple[Any, list[str]]:
    from frlib.evaluate import checks, protocol

    module = protocol.module_of(config)
    source = module.source(config)
    if model is None:
        return _NOT_CHECKED, [
            "embeddings are given: colour order and alignment could not be checked"
        ]
    unchecked = "colour order and alignment were not checked"
    if not few or source is None:
        return _NOT_CHECKED, [unchecked]
    if hasattr(module, "questions"):
        asked = module.questions(config)
    else:
        glanced = module.glance(config, few) if hasattr(module, "glance") else None
        asked = [] if glanced is None else [glanced]
    if not asked:
        return _NOT_CHECKED, [
            f"{unchecked}: the lists name no images of one person and of two to compare"
        ]
    found = {
        one.name: checks.seen(model.embed, model.size, one, source, store, few) for one in asked
    }
    return (
        {name: finding.facts for name, finding in found.items()},
        [text for finding in found.values() for text in finding.warnings],
    )


def _overlap(config: "Config", trained: list["Config"], store: Path) -> tuple[Any, list[str]]:
    from frlib.evaluate import checks, protocol

    source = protocol.module_of(config).source(config)
    if not trained or source is None:
        lacking = "no --train set is given" if not trained else "the images are not known"
        return _NOT_CHECKED, [f"overlap with training was not checked: {lacking}"]
    ids = _ids(config)
    found = [checks.known(source, ids, other, store) for other in trained]
    return (
        [finding.facts for finding in found],
        [text for finding in found for text in finding.warnings],
    )


def _with(report: "Report", checked: tuple[dict[str, Any], list[str]]) -> "Report":
    from dataclasses import replace

    facts, warnings = checked
    return replace(
        report,
        about={**report.about, "checks": facts},
        warnings=(*report.warnings, *warnings),
    )


def _require_folder(out: Path) -> None:
    """Before hours of work: a place that reports can be written to."""
    from frlib.core.errors import ConfigError

    try:
        out.mkdir(parents=True, exist_ok=True)
        is_writable = os.access(out, os.W_OK | os.X_OK)
    except OSError as error:
        raise ConfigError(f"--out {out}: no folder can be made here ({error.strerror})") from error
    if not is_writable:
        raise ConfigError(f"--out {out}: no permission to write into it; give another folder")


def _save(report: "Report", out: Path, before: list["Report"]) -> None:
    """As soon as it is known, so that what fails later loses nothing."""
    from frlib.core.errors import ConfigError
    from frlib.evaluate.report import file_name

    title = file_name(report.title)
    if title in {file_name(one.title) for one in before}:
        raise ConfigError(
            f"--out {out}: two protocols of one name, {title}; the first is kept there. Evaluate "
            "them one by one, each with an --out of its own"
        )
    report.save(out / title)
