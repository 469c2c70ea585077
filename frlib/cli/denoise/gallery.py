"""`frlib denoise gallery`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from frlib.cli.denoise.write import From
from frlib.cli.options import DEFAULT_STORE, Store


def gallery(
    findings: Annotated[Path, typer.Argument(metavar="FINDINGS", help="A findings.parquet.")],
    source: Annotated[
        str,
        typer.Argument(
            metavar="SET",
            help="The set they are on: a path or JSON; for noise of a study a run, "
            "<store>/studies/<study>/arms/<arm>/r<seed>.",
        ),
    ],
    evidence: Annotated[
        Path | None,
        typer.Option(
            "--evidence",
            metavar="EVIDENCE",
            help="Folder <store>/artifacts/evidence/<digest>: nearest images, scores by epoch.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="A .html or .png file.")] = Path(
        "gallery.html"
    ),
    names: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="NAME", help="Show this class; may be repeated."),
    ] = None,
    few: Annotated[
        int, typer.Option("--classes", min=1, help="Classes to show where none is named.")
    ] = 6,
    pick: Annotated[
        Literal["most", "spread"],
        typer.Option(
            help="most: classes with most flagged images. spread: from the largest to the smallest "
            "share of them."
        ),
    ] = "most",
    images: Annotated[int, typer.Option("--images", min=1, help="Images of a class.")] = 12,
    seed: Annotated[
        int, typer.Option("--seed", help="Decides between classes with equally many.")
    ] = 0,
    kind: From = "",
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="FIELD=VALUE", help="Change a field of the source."),
    ] = None,
    store: Store = DEFAULT_STORE,
) -> None:
    """Show suspected images class by class: what is proposed, what spoke for it, what is true.

    The file is written here and goes nowhere: no face is sent to a tracking server.
    """
    from analysis.galleries import corrections
    from frlib.cleaning import evidence as folder
    from frlib.cleaning import findings as file
    from frlib.cleaning.cases import cases
    from frlib.cli.denoise.gallery_page import gallery_of
    from frlib.cli.denoise.subject import manifest_of, placed_on

    corrections.check(out)
    told = file.read(findings)
    seen = None if evidence is None else folder.read(evidence)
    manifest = manifest_of(source, kind, sets or [], store)
    found = placed_on(told, manifest, source)
    shown = cases(
        seen,
        found,
        manifest,
        classes=names or (),
        few=few,
        pick=pick,
        images=images,
        seed=seed,
    )
    corrections.write(gallery_of(shown, found, manifest, seen), out)
    typer.echo(f"Written to {out}. It shows faces: share it as the data set may be shared")
