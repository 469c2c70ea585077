"""The report: one HTML page that loads nothing. Equal records give equal bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from analysis import build as answers
from analysis.grid import Grid
from analysis.report import _again
from analysis.report._cells import cells
from analysis.report._design import design, question
from analysis.report._done import done
from analysis.report._drawings import drawings
from analysis.web.markup import command, prose, said, section
from analysis.web.pictures import embedded, figure
from analysis.web.script import POLICY, SCRIPT
from analysis.web.style import STYLE
from analysis.web.tables import semantic
from frlib.records.read import Records

_PARTS = (
    ("question", "Question"),
    ("design", "Design"),
    ("done", "What was run"),
    ("results", "Results"),
    ("figures", "Figures"),
    ("galleries", "Galleries"),
    ("cells", "Every cell"),
    ("again", "To repeat it"),
)
_NO_FACES = (
    "This page shows no face and loads nothing from anywhere. It is made from the records alone: "
    "equal records give the same bytes."
)
_FACES = (
    "This page shows people's faces: keep and share it as the data set may be kept and shared. It "
    "loads nothing from anywhere."
)


@dataclass(frozen=True)
class Gallery:
    """A picture of faces: PNG bytes, and what it shows in words."""

    title: str
    says: str
    png: bytes


def page(records: Records, galleries: Sequence[Gallery] = ()) -> str:
    """The whole page. `RecordError` where the study's table cannot be built from its records."""
    found, table = Grid.of(records), answers.from_records(records)
    study = records.study
    name = str(study["name"])
    lede, rest = question(study)
    sections = [
        section("question", "Question", prose(rest)) if rest.strip() else "",
        design(found),
        done(found),
        section("results", "Results", semantic(table)),
        drawings(found),
        _galleries(galleries),
        cells(found),
        _repeat(records),
    ]
    body = "\n".join(one for one in sections if one)
    links = "".join(
        f'<li><a href="#{part}">{title}</a></li>'
        for part, title in _PARTS
        if f'<section id="{part}"' in body
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<link rel="icon" href="data:,">
<title>{escape(name)}: report</title>
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header>
<h1>{escape(name)}</h1>
<p class="lede">{escape(lede)}</p>
<nav aria-label="Parts of the report"><ul>{links}</ul></nav>
</header>
<main id="main" tabindex="-1">
{body}
</main>
<footer>{said(_FACES if galleries else _NO_FACES)}</footer>
<p id="status" class="hidden" role="status"></p>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _galleries(found: Sequence[Gallery]) -> str:
    shown = [
        figure(f"gallery-{number}", one.title, embedded(one.png, "png", one.says), one.says)
        for number, one in enumerate(found, 1)
    ]
    return section("galleries", "Galleries", *shown) if shown else ""


def _repeat(records: Records) -> str:
    return section(
        "again",
        "To repeat it",
        said(
            "The design is in this page, with every field of it. Save it, and run it with frlib "
            "where the data is in the same place; what is on record there is not run twice. The "
            "digest of an arm covers its configuration and the content of its data: an equal "
            "digest is the same experiment. The command for one cell is in its entry."
        ),
        f"<p>{_again.design_link(records.study)}</p>",
        command(_again.WHOLE),
    )
