"""`frlib denoise import`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from frlib.cli.denoise.decide import Out
from frlib.cli.options import DEFAULT_STORE, Json, Store


def import_(
    file: Annotated[Path, typer.Argument(metavar="LIST", help="A text or CSV file.")],
    like: Annotated[
        str,
        typer.Option(
            metavar="SET",
            help="Whose samples: the folder of evidence, a run, or a set: a path or JSON.",
        ),
    ],
    out: Out,
    form: Annotated[
        Literal["relabel", "drop", "unequal", "csv"] | None,
        typer.Option(help="Form of the lines. Default: by their look."),
    ] = None,
    labels: Annotated[
        Literal["auto", "names", "numbers"],
        typer.Option(help="What the list calls people by; numbers are from 0."),
    ] = "auto",
    was: Annotated[
        str, typer.Option(metavar="FOLDER", help="Folder that the paths began with there.")
    ] = "",
    kind: Annotated[
        str, typer.Option("--from", metavar="FORMAT", help="Format of a set. Default: by its look.")
    ] = "",
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="A field of the set's source."),
    ] = None,
    store: Store = DEFAULT_STORE,
    as_json: Json = False,
) -> None:
    """Make findings of a list of other origin, and score them where the truth is known.

    relabel: path TAB label, as BoundaryFace writes. drop: a path alone.

    unequal: label key p p_label, the noise list of Unequal Training, of RecordIO keys.

    csv: the columns sample and perhaps proposed.
    """
    from frlib.cleaning import evidence, imported
    from frlib.cleaning import lists as text
    from frlib.cleaning.composed import of_whole
    from frlib.cleaning.imported import Like
    from frlib.cleaning.score import score
    from frlib.cli.denoise import page
    from frlib.cli.denoise.decide import scored
    from frlib.cli.denoise.subject import manifest_of

    listed = text.read(file, form)
    folder = Path(like).expanduser()
    if evidence.is_there(folder):
        seen = evidence.read(folder)
        own = imported.findings(listed, Like.evidence(seen), labels=labels, was=was)
        found = of_whole(seen, own)
        scores = scored(seen, found)
    else:
        manifest = manifest_of(like, kind, sets or [], store)
        found = imported.findings(listed, Like.manifest(manifest), labels=labels, was=was)
        scores = score(found, found.given, found.true, manifest.kinds)
    page.written(found, scores, out, as_json=as_json)
