"""`frlib data pairs`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from frlib.cli.data.check import From, SetA
from frlib.cli.options import DEFAULT_STORE, Json, Store


def pairs(
    a: Annotated[str, typer.Argument(metavar="A", help="A set of faces: path, URI or JSON.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write; it must not exist.")],
    kind: From = "",
    sets: SetA = None,
    num_pairs: Annotated[
        int, typer.Option("--pairs", min=20, help="Pairs, half same, half different.")
    ] = 6000,
    folds: Annotated[int, typer.Option(min=1, help="Folds that share no person.")] = 10,
    hard: Annotated[
        Path | None,
        typer.Option(metavar="EMB", help="Vectors by image id: look-alikes as protocol `hard`."),
    ] = None,
    distractors: Annotated[
        str, typer.Option(metavar="SOURCE", help="Other people to search among, as A.")
    ] = "",
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TRAINSET", help="Leave out whom it knows, by name or image; may be repeated."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of every draw.")] = 0,
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Draw evaluation lists from one's own images: pairs to verify, people to identify.

    Writes pairs.csv (protocol, fold, path_a, path_b, same), identification.csv (path, identity,
    role) and facts.json. The folder is whole or absent.
    """
    from frlib.cli.data.source_of import source_of
    from frlib.cli.data.waiting import shown
    from frlib.data import vectors
    from frlib.data.lists.make import ListsConfig, Sources, make

    sources = Sources(
        images=source_of(a, kind, sets),
        distractors=source_of(distractors) if distractors else None,
        exclude=tuple(source_of(text) for text in exclude or []),
    )
    config = ListsConfig(num_pairs=num_pairs, folds=folds, seed=seed)
    embeddings = None if hard is None else vectors.read(hard)
    with shown():
        facts = make(sources, out, config, store, embeddings)
    if as_json:
        typer.echo(json.dumps(facts, indent=1, ensure_ascii=False))
    else:
        _print(facts, out, sources.images.model_dump(mode="json", exclude_defaults=True))


def _print(facts: dict[str, Any], out: Path, images: dict[str, Any]) -> None:
    left = facts["left_out"]
    known = (
        f"; training knows {left['people_by_name']:,} by name and "
        f"{left['people_by_image_only']:,} more by image"
    )
    typer.echo(
        f"People          {facts['people']:,} of {facts['images']['identities']:,}"
        f"{known if left['training_sets'] else ''}"
    )
    for name, counts in facts["verification"].items():
        typer.echo(
            f"Pairs {name:9} {counts['pairs']:,} ({counts['same']:,} same) of "
            f"{counts['people']:,} people in {counts['folds']} folds"
        )
    roles = facts["identification"]
    extra = roles["gallery_extra"] + facts.get("distractors", {}).get("images", 0)
    typer.echo(
        f"Identification  gallery {roles['gallery']:,}, probes {roles['probe']:,}, "
        f"distractors {extra:,}"
    )
    typer.echo(f"Written         {out}")
    source = {"name": facts["images"]["format"]} | images
    benchmark = {"name": out.name, "images": source, "pairs": str(out / "pairs.csv")}
    typer.echo("As a benchmark of a study (an entry of base.data.benchmarks):")
    typer.echo(json.dumps(benchmark | {"protocol": next(iter(facts["verification"]))}))
