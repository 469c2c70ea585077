"""A page of its own: it loads nothing, is read aloud well, and its columns can be sorted."""

from html import escape

from analysis.table import Table
from analysis.web.script import POLICY, SCRIPT
from analysis.web.style import STYLE
from analysis.web.tables import semantic


def html(table: Table) -> str:
    """The table with caption, scopes and linked notes, as `analysis.report` shows it."""
    title = escape(table.title)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n"
        f'<body><main><h1 class="hidden">{title}</h1>\n{semantic(table)}'
        '<p id="status" class="hidden" role="status"></p></main>\n'
        f"<script>{SCRIPT}</script></body></html>\n"
    )
