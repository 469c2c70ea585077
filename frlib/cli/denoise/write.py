"""`frlib denoise write`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from frlib.cli.options import DEFAULT_STORE, Store

if TYPE_CHECKING:
    from frlib.cleaning.written import Written

From = Annotated[
    str, typer.Option("--from", metavar="FORMAT", help="Format of SET. Default: by its look.")
]


def write(
    findings: Annotated[Path, typer.Argument(metavar="FINDINGS", help="A findings.parquet.")],
    source: Annotated[
        str,
        typer.Argument(
            metavar="SET",
            help="The set they are on: a path or JSON; for noise of a study a run, "
            "<store>/studies/<study>/arms/<arm>/r<seed>.",
        ),
    ],
    target: Annotated[str, typer.Argument(metavar="OUT", help="Where to write; must not exist.")],
    apply: Annotated[
        Literal["drop", "relabel", "both"],
        typer.Option(
            help="drop: leave out all that are flagged. relabel: give the proposed label, keep the "
            "others. both: relabel those with a proposal, leave out the rest."
        ),
    ] = "both",
    kind: From = "",
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="Format of OUT. Default: by its end.")
    ] = "",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="SIDE.FIELD=VALUE", help="Change a field, e.g. from.ids=list."
        ),
    ] = None,
    store: Store = DEFAULT_STORE,
    restart: Annotated[
        bool, typer.Option("--restart", help="Forget an interrupted writing of OUT.")
    ] = False,
) -> None:
    """Write a set without what findings hold to be wrong, image bytes unchanged.

    Formats of OUT: arrow, image_folder, image_list, parquet, recordio, zip_shards.

    OUT is whole or absent. After an interruption the same command goes on where it was.

    Classes are numbered without gaps; OUT.classes.csv has old and new numbers.
    """
    from frlib.cleaning import findings as file
    from frlib.cleaning import written
    from frlib.cli.data.convert import by_side, going_on, sentence, target_of
    from frlib.cli.denoise.subject import manifest_of, placed_on
    from frlib.core.config import override
    from frlib.data.convert.run import Options

    asked = by_side(set_ or [])
    wanted = override(target_of(target, to), asked["to"])
    found = file.read(findings)
    manifest = manifest_of(source, kind, asked["from"], store)
    here = placed_on(found, manifest, source)
    done = going_on(
        wanted,
        lambda watch: written.write(manifest, here, apply, wanted, Options(restart=restart), watch),
    )
    typer.echo(sentence(done.set))
    for line in _lines(done, len(manifest) - len(found)):
        typer.echo(line)


def _lines(done: "Written", unjudged: int) -> list[str]:
    facts = done.facts
    lines = [
        f"{facts['rule']}, {facts['apply']}: {facts['flagged']:,} flagged, "
        f"{facts['relabelled']:,} relabelled, {facts['dropped']:,} dropped",
        f"Classes: {facts['classes_lost']:,} lost{_names(facts)}; old and new numbers in "
        f"{done.classes}",
    ]
    if unjudged:
        lines.append(f"{unjudged:,} images that the findings do not name stayed as they were")
    if done.flawed:
        lines.append(
            f"{done.flawed:,} images have noise in their pixels, which is drawn in training: they "
            "are written without it"
        )
    if done.named_by_id:
        lines.append("Files are named by whole ids: short names would have met in a class")
    return lines


def _names(facts: dict[str, object]) -> str:
    names = facts["classes_lost_names"]
    assert isinstance(names, list)
    more = ", ..." if facts["classes_lost"] != len(names) else ""
    return f" ({', '.join(names)}{more})" if names else ""
