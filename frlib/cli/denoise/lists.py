"""`frlib denoise lists`."""

from pathlib import Path
from typing import Annotated

import typer


def lists(
    evidence: Annotated[
        Path,
        typer.Argument(metavar="EVIDENCE", help="Folder <store>/artifacts/evidence/<digest>."),
    ],
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write; must not exist.")],
) -> None:
    """Write what a training decided as text, a file an epoch, as BoundaryFace does.

    Lines: id, tab, number of the proposed label. classes.csv has the names of the numbers.
    """
    from frlib.cleaning import evidence as folder
    from frlib.cleaning import lists as text

    seen = folder.read(evidence)
    written = text.write(seen, out)
    typer.echo(
        f"{len(seen.course.row):,} decisions of {len(written)} epochs written to "
        f"{out}/{written[0].name} to {written[-1].name}; names of labels in {out / text.CLASSES}"
    )
