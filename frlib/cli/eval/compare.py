"""`frlib eval compare`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from frlib.cli.options import Json


def compare(
    a: Annotated[
        Path, typer.Argument(metavar="A", help="A folder of `eval run --out`, or a report in it.")
    ],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another, on the same pairs.")],
    as_json: Json = False,
) -> None:
    """Compare two evaluations pair by pair: McNemar's test and a paired bootstrap."""
    from dataclasses import asdict

    from frlib.cli import show
    from frlib.evaluate.compare import compare as compared

    found = compared(a, b)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=1))
        return
    show.rows(
        [
            {
                "": f"[{number}]",
                "n": f"{one.n:,}",
                "A %": f"{100 * one.a:.2f}",
                "B %": f"{100 * one.b:.2f}",
                "A - B": f"{100 * one.bootstrap.difference.value:+.2f}",
                "95 %": f"{100 * one.bootstrap.difference.low:+.2f} to "
                f"{100 * one.bootstrap.difference.high:+.2f}",
                "p": f"{one.bootstrap.p:.4f}",
                "only A, B": f"{one.mcnemar.only_a}, {one.mcnemar.only_b}",
                "mid-p": f"{one.mcnemar.mid_p:.4f}",
            }
            for number, one in enumerate(found, 1)
        ],
        False,
    )
    for number, one in enumerate(found, 1):
        typer.echo(f"[{number}] {one.scores}: {one.by} drawn; exact McNemar p {one.mcnemar.p:.4f}")
    typer.echo("p: paired bootstrap; mid-p: McNemar's test, pairs as independent")
