"""`frlib eval run`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frlib.cli.options import DEFAULT_STORE, CheckPairs, Dimensions, Json, Store

if TYPE_CHECKING:
    from frlib.evaluate.report import Report


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
        str, typer.Option(metavar="M", help="A run's folder or URI, a .pt or .onnx file, or JSON.")
    ] = "",
    embeddings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Embeddings by image id instead.")
    ] = None,
    enrolled: Annotated[
        str, typer.Option(metavar="M", help="Another model for the enrolled side: a cross-test.")
    ] = "",
    enrolled_embeddings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its embeddings instead.")
    ] = None,
    dimensions: Dimensions = None,
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
    check_pairs: CheckPairs = 120,
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
    (with a model), and overlap with training sets is looked for (--train). With --enrolled the
    left side of pairs, galleries and distractors are of that model, queries of the other.
    """
    from frlib.cli.data.source_of import source_of
    from frlib.cli.data.waiting import shown
    from frlib.cli.eval import given, looked, page
    from frlib.cli.eval.asked import require_folder, with_images
    from frlib.core.config import Config, override
    from frlib.core.errors import ConfigError
    from frlib.evaluate import protocol

    if bool(model) == (embeddings is not None):
        raise ConfigError("give --model M or --embeddings FILE, one of them")
    if enrolled and enrolled_embeddings is not None:
        raise ConfigError("give --enrolled M or --enrolled-embeddings FILE, not both")
    if dimensions and not enrolled and enrolled_embeddings is None:
        raise ConfigError("--dimensions is a rule for two models: give --enrolled too")
    if variants and all_variants:
        raise ConfigError("give --variant or --all-variants, not both")
    configs: list[Config] = []
    for text in protocols:
        config = protocol.named(text)
        if images:
            config = with_images(config, source_of(images))
        configs.append(override(config, sets or []))
    if out is not None:
        require_folder(out)
    trained = [source_of(text) for text in train or []]
    query = given.of(model, embeddings, model_sets or [], device)
    left = given.of(enrolled, enrolled_embeddings, [], device)
    assert query is not None, "either a model or embeddings"
    reports: list[Report] = []
    with shown() as watch:
        for config in configs:
            how: dict[str, Any] = {
                "mirrored": mirrored,
                "batch": batch,
                "threads": threads,
                "watch": watch,
            }
            features, sides = query.on(config, store, how), {}
            if left is not None:
                sides["enrolled"], features = given.in_one_space(
                    (left, left.on(config, store, how)), (query, features), dimensions or "refuse"
                )
            module = protocol.module_of(config)
            wanted = module.VARIANTS if all_variants else tuple(variants) if variants else None
            models = {"": query.model} | ({} if left is None else {"enrolled": left.model})
            checked = looked.checked(config, models, trained, store, check_pairs)
            report = _with(module.evaluate(config, features, wanted, **sides), checked)
            if out is not None:
                _save(report, out, reports)
            reports.append(report)
    if as_json:
        typer.echo(json.dumps([r.to_json() for r in reports], indent=1, ensure_ascii=False))
        return
    page.reports(reports)
    if out is not None:
        typer.echo(f"Scores   {out}")


def _with(report: "Report", checked: tuple[dict[str, Any], list[str]]) -> "Report":
    from dataclasses import replace

    facts, warnings = checked
    return replace(
        report,
        about={**report.about, "checks": facts},
        warnings=(*report.warnings, *warnings),
    )


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
