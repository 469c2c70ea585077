import html.parser
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from analysis import build, render
from analysis.rendering.styled import frame
from analysis.table import Cell, Column, Table, missing
from tests.analysis import latex_checked

SHARE = Column("acc", "accuracy", scale=100.0, unit="%")
TABLE = Table(
    "t",
    "A <title> & more",
    "(v·vᵀ − I)² → 0 … λ=π",
    (Column("head", "method"), SHARE, Column("p", "p", digits=3)),
    (
        ("[A] a_b", Cell(0.9, 0.01, 3).marked(), Cell(0.0123)),
        ("B & 5 %", Cell(0.874, origin="published", note="README <1>", digits=1), missing("no")),
        ("C", missing("not run"), missing("no")),
    ),
)


class Page(html.parser.HTMLParser):
    """Tags with their attributes, in order; and whether all that opens is closed."""

    EMPTY = frozenset({"meta", "wbr", "br", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_html_when_parsed_then_heads_have_scopes_and_notes_lead_both_ways() -> None:
    page = Page(render.html(TABLE))
    assert page.open == []
    assert [one.get("scope") for one in page.all("th")] == ["col"] * 3 + ["row"] * 3
    assert len(page.all("caption")) == 1
    ids = [one["id"] for _, one in page.tags if "id" in one]
    assert len(ids) == len(set(ids))
    links = [str(one["href"]) for one in page.all("a")]
    assert len(links) == 4 + 3
    assert {link.removeprefix("#") for link in links} <= set(ids)
    values = [one["data-value"] for one in page.all("td") if "data-value" in one]
    assert values == ["0.9", "0.0123", "0.874", "", "", ""]


def test_html_when_opened_then_it_asks_for_nothing_from_outside() -> None:
    page = Page(render.html(TABLE))
    assert not [one for _, one in page.tags if "src" in one]
    assert all(str(one["href"]).startswith("#") for one in page.all("a"))
    (policy,) = [one for one in page.all("meta") if "http-equiv" in one]
    assert str(policy["content"]).startswith("default-src 'none'")


def test_latex_when_texts_are_strange_then_it_stays_whole() -> None:
    latex_checked.check(render.latex(TABLE))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda t: t.replace(r"\%", "%"), "a bare %"),
        (lambda t: t.replace(r"\end{tabular}", ""), "out of order"),
        (lambda t: t.replace(" & ", " ", 1), "2 cells for 3 columns"),
        (lambda t: t.replace(r"\toprule", r"\toprul"), "unknown"),
        (lambda t: t + "}", "not opened"),
        (lambda t: t.replace("{}[A]", "[A]"), "a bracket"),
    ],
)
def test_latex_check_when_something_is_broken_then_it_says_what(
    broken: Callable[[str], str], words: str
) -> None:
    with pytest.raises(AssertionError, match=words):
        latex_checked.check(broken(render.latex(TABLE)))


@pytest.mark.parametrize(
    "name", ["noise_study", "study", "boundaryface", "boundaryface_ms1m", "boundaryface_private"]
)
def test_latex_when_a_study_is_rendered_then_it_is_whole(
    simulated: ModuleType, tmp_path: Path, name: str
) -> None:
    simulated.record(tmp_path)
    table = build.build("boundary_small", tmp_path, name)
    folder = tmp_path / "studies" / "boundary_small" / "tables"
    latex_checked.check((folder / f"{name}.tex").read_text())
    assert Page((folder / f"{name}.html").read_text()).open == []
    assert table.name == name


def test_styled_when_shown_then_numbers_read_as_elsewhere_and_notes_are_titles() -> None:
    shown = TABLE.styled()
    text = shown.to_html()
    assert "<td" in text and "90.0 ± 1.0" in text and "accuracy (%)" in text
    assert "README &lt;1&gt;" in text or "README <1>" in text
    assert text.count("font-weight: bold") == 1
    assert text == TABLE.styled().to_html()


def test_frame_when_cells_are_missing_then_they_are_nan_in_base_units() -> None:
    found = frame(TABLE)
    assert list(found.columns) == ["head", "acc", "p"]
    assert found["acc"].tolist()[:2] == [0.9, 0.874]
    assert found["acc"].isna().tolist() == [False, False, True]


def test_import_when_analysis_is_loaded_then_neither_torch_nor_ray_nor_mlflow_is() -> None:
    code = (
        "import json, sys, time; began = time.process_time(); import analysis.build; "
        "import analysis.rendering.styled; "
        "print(json.dumps([time.process_time() - began, sorted(sys.modules)]))"
    )
    took = []
    for _ in range(3):
        words = [sys.executable, "-c", code]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        seconds, modules = json.loads(done.stdout)
        assert not {"torch", "ray", "mlflow", "matplotlib", "optuna"} & set(modules)
        took.append(seconds)
        if seconds < 1.0:
            break
    assert min(took) < 1.0, "CPU time; half a second on a machine of its own"


def test_markdown_when_a_note_has_several_lines_then_it_stays_one_item() -> None:
    table = replace(TABLE, rows=(("a", missing("one\n\n- two"), *TABLE.rows[0][2:]),))
    assert "] one - two\n" in render.markdown(table)
