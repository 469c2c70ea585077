"""`frlib denoise decide`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frlib.cli.options import Json
from frlib.core.config import Choice, Config, override
from frlib.core.errors import ConfigError

if TYPE_CHECKING:
    from frlib.cleaning.evidence import Evidence
    from frlib.cleaning.findings import Findings
    from frlib.cleaning.score import Scores
    from frlib.denoise import Rule
else:
    Rule = Choice["frlib.denoise"]

_PACKAGE = "frlib.denoise"
Out = Annotated[
    Path, typer.Option("--out", metavar="FINDINGS", help="File to write, e.g. findings.parquet.")
]


class _Decide(Config):
    """What `--set` changes."""

    rule: Rule | None = None


def decide(
    evidence: Annotated[
        Path,
        typer.Argument(metavar="EVIDENCE", help="Folder <store>/artifacts/evidence/<digest>."),
    ],
    out: Out,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="E.g. rule=subcenter_drop, rule.drop_angle_deg=70."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Apply a rule to what a model and its training said about every sample; no forward pass.

    Writes a verdict on every sample, and scores them where the truth is known.

    Evidence is made by an evidence stage of a run; see frlib artifact list.
    """
    from frlib.cleaning import evidence as folder
    from frlib.cleaning.composed import of_whole
    from frlib.cli.denoise import page
    from frlib.core import discover

    rule = _rule(sets or [])
    seen = folder.read(evidence)
    found = of_whole(seen, discover.load(_PACKAGE, rule.name).decide(seen, rule))
    page.written(found, scored(seen, found), out, as_json=as_json)


def scored(seen: "Evidence", found: "Findings") -> "Scores":
    """Scores of findings on the whole set; kinds of wrongness are known where nothing had gone."""
    from frlib.cleaning.score import score

    kinds = seen.truth.kinds if seen.before is None else None
    return score(found, found.given, found.true, kinds)


def _rule(sets: list[str]) -> "Rule":
    from frlib.core import discover

    rule = override(_Decide(), sets).rule
    if rule is None:
        raise ConfigError(
            f"no rule is named; add --set rule=NAME. Rules: {', '.join(discover.choices(_PACKAGE))}"
        )
    return rule
