"""`frlib bct check`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from frlib.cli.options import DEFAULT_STORE, CheckPairs, Dimensions, Json, Store

_NOT_COMPATIBLE = 1
_MODEL = "A run's folder or URI, a .pt or .onnx file, JSON, or a file of embeddings."


def check(
    old: Annotated[str, typer.Argument(metavar="OLD", help=f"What filled the index. {_MODEL}")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="What shall answer queries; as OLD.")],
    gallery: Annotated[
        str,
        typer.Option(
            metavar="PATH",
            help="A search (gallery.csv and probe.csv), an IJB folder, a list of pairs, JSON, or a "
            "folder with a folder for each person, or a list path,identity: the first image of "
            "everybody is enrolled.",
        ),
    ],
    images: Annotated[
        str, typer.Option(metavar="SOURCE", help="The images that a list names: path or JSON.")
    ] = "",
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A field of the protocol."),
    ] = None,
    dimensions: Dimensions = None,
    metric: Annotated[
        str, typer.Option(metavar="NAME", help="Decides, e.g. rank1; none: the strictest known.")
    ] = "",
    target: Annotated[
        float, typer.Option(min=-100, max=100, help="Gain over the old model wanted, in points.")
    ] = 0.0,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:N, or auto.")] = "auto",
    mirrored: Annotated[bool, typer.Option(help="Embed the mirrored images too.")] = True,
    batch: Annotated[int, typer.Option(min=1, help="Images a model is given at once.")] = 128,
    threads: Annotated[int, typer.Option(min=1, help="Threads that decode a batch.")] = 2,
    check_pairs: CheckPairs = 120,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep report.json, table.md, backfill.png and scores."),
    ] = None,
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Tell whether a new model can serve an old index without indexing it again.

    Each image is embedded once by each model, and colour and alignment are checked on a few pairs.
    Exit code 0: compatible; 1: not, or not decided by this gallery.
    """
    from frlib.cli.bct import check_page
    from frlib.cli.data.source_of import source_of
    from frlib.cli.data.waiting import shown
    from frlib.cli.eval import given, looked
    from frlib.cli.eval.asked import require_folder, with_images
    from frlib.core.config import override
    from frlib.evaluate.compatibility import galleries
    from frlib.evaluate.compatibility.check import check as checked

    config = galleries.named(gallery, store)
    if images:
        config = with_images(config, source_of(images))
    config = override(config, sets or [])
    if out is not None:
        require_folder(out)
    models = [given.by_kind(text, device) for text in (old, new)]
    with shown() as watch:
        how: dict[str, Any] = {
            "mirrored": mirrored,
            "batch": batch,
            "threads": threads,
            "watch": watch,
        }
        before, after = (one.on(config, store, how) for one in models)
        doubts = [
            f"{name} model: {text}"
            for name, one in zip(("old", "new"), models, strict=True)
            if check_pairs and one.model is not None
            for text in looked.looks(config, one.model, store, check_pairs)[1]
        ]
        found = checked(
            config,
            before,
            after,
            rule=dimensions or "refuse",
            matrix=models[1].matrix,
            metric=metric,
            least=target / 100,
            trained_for=models[1].trained_for,
            doubts=doubts,
        )
    if out is not None:
        check_page.save(found, out)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    else:
        check_page.show(found)
        if out is not None:
            typer.echo(f"Kept in {out}")
    if found.verdict.state != "compatible":
        raise typer.Exit(_NOT_COMPATIBLE)
