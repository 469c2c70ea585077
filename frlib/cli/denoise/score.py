"""`frlib denoise score`."""

from pathlib import Path
from typing import Annotated

import typer

from frlib.cli.options import Json


def score(
    findings: Annotated[Path, typer.Argument(metavar="FINDINGS", help="A findings.parquet.")],
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="TRUTH",
            help="truth.parquet of frlib noise make. Default: what the findings know.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score findings against the truth: overall, by kind of wrongness, by size of class.

    Without TRUTH the findings' own counts, where they have it; duplicates are flips there.
    """
    from frlib.cleaning import findings as file
    from frlib.cleaning import truth as table
    from frlib.cleaning.score import score as scored
    from frlib.cli.denoise import page

    found = file.read(findings)
    true, kinds = (found.true, None) if truth is None else table.read(truth, found)
    page.show(found, scored(found, found.given, true, kinds), as_json=as_json)
