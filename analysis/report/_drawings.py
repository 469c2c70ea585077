"""Section: the figures that the records of a study allow, and why the others are not there."""

from html import escape

from analysis.grid import Grid
from analysis.web.markup import folded, section
from analysis.web.pictures import embedded, figure
from frlib.core.errors import RecordError

_DPI = 160


def drawings(found: Grid) -> str:
    """All of them that apply, and the reason of each that does not."""
    from analysis.figures import of_study, style

    names = found.matching(tuple(found.records.study.get("report") or ()))
    if not names:
        return ""
    asked = of_study.Asked(found, names[0], style.PAGE)
    shown, absent = [], []
    for name, kind in of_study.FIGURES.items():
        title, says = kind.title, kind.says
        try:
            picture = style.rendered(kind.draw(asked), ".svg", _DPI)
        except RecordError as error:
            absent.append(f"<li>{escape(title)}: {escape(str(error))}</li>")
            continue
        alt = f"{title}. {says} The numbers are in the table of results and the entries of cells."
        shown.append(figure(f"figure-{name}", title, embedded(picture, "svg", alt), says))
    count = len(absent)
    heading = f"{count} other figure{'' if count == 1 else 's'}, and why not drawn"
    left = folded(heading, f"<ul>{''.join(absent)}</ul>") if absent else ""
    return section("figures", "Figures", *shown, left)
