import csv
import io

import pytest

from analysis import render
from analysis.table import Cell, Column, Table, measured, missing
from frlib.stats.intervals import Interval, mean_interval

SHARE = Column("acc", "accuracy", scale=100.0, unit="%")


def table(*rows: tuple[str | Cell, ...]) -> Table:
    return Table("t", "A title", "A caption.", (Column("head", "method"), SHARE), rows)


@pytest.mark.parametrize(
    ("value", "half_width", "shown"),
    [
        (0.87412, 0.0083, "87.4 ± 0.8"),
        (0.87412, 0.00124, "87.41 ± 0.12"),
        (0.80012, 0.0248, "80.0 ± 2.5"),
        (0.80012, 0.0361, "80 ± 4"),
        (0.87412, 0.0996, "87 ± 10"),
        (0.87412, 0.25, "87 ± 25"),
        (0.87412, None, "87.41"),
        (0.87412, 0.0, "87.41 ± 0.00"),
        (0.87412, 2e-10, "87.4120 ± 0.0000"),
        (-0.003, 0.05, "0 ± 5"),
        (-0.00001, None, "0.00"),
        (-0.03, 0.05, "-3 ± 5"),
    ],
)
def test_number_when_an_interval_is_given_then_it_decides_the_decimals(
    value: float, half_width: float | None, shown: str
) -> None:
    assert render.number(Cell(value, half_width, 3), SHARE) == shown


def test_number_when_published_then_it_has_the_printed_decimals() -> None:
    cell = Cell(0.991, origin="published", note="README", digits=1)
    assert render.number(cell, SHARE) == "99.1"


def test_markdown_when_cells_are_missing_then_the_reason_is_below_and_equal_ones_share_it() -> None:
    text = render.markdown(
        table(
            ("A", missing("not run")), ("B", Cell(0.9, 0.01, 3).marked()), ("C", missing("not run"))
        )
    )
    assert "| A | — [1] |" in text
    assert "| B | **90.0 ± 1.0** |" in text
    assert "| C | — [1] |" in text
    assert text.endswith("A caption.\n\n- [1] not run\n")


def test_latex_when_texts_hold_its_commands_then_they_are_escaped() -> None:
    text = render.latex(table(("BoundaryFace (λ=π) & a_b 5%", missing("50 % {x} \\ #1"))))
    assert r"BoundaryFace ($\lambda$=$\pi$) \& a\_b 5\% & --- [1] \\" in text
    assert r"[1] 50 \% \{x\} \textbackslash{} \#1\par" in text
    assert r"accuracy (\%)" in text
    assert text.count(r"\toprule") == text.count(r"\bottomrule") == 1
    assert "\\\\\n[" not in text


def test_latex_when_a_number_is_below_zero_then_its_sign_is_a_minus() -> None:
    text = render.latex(table(("a-b", Cell(-0.25, 0.05, 3))))
    assert r"a-b & $-$25 $\pm$ 5 \\" in text


def test_csv_when_read_back_then_numbers_are_exact_in_base_units() -> None:
    rows = list(
        csv.DictReader(
            io.StringIO(
                render.csv_text(
                    table(
                        ("A", measured(mean_interval([0.5, 0.75]))), ("B", missing("failed, twice"))
                    )
                )
            )
        )
    )
    assert float(rows[0]["acc"]) == 0.625
    assert rows[0]["acc:n"] == "2"
    assert rows[1]["acc"] == ""
    assert (rows[1]["acc:origin"], rows[1]["acc:note"]) == ("missing", "failed, twice")


def test_measured_when_there_is_one_replicate_then_the_cell_says_so() -> None:
    cell = measured(mean_interval([0.5]))
    assert (cell.value, cell.half_width, cell.n) == (0.5, None, 1)
    assert cell.note == "one replicate, so no interval"


def test_measured_when_not_finite_then_it_is_missing() -> None:
    nan = float("nan")
    assert measured(Interval(nan, nan, nan, 3)).origin == "missing"


def test_cell_when_published_without_a_place_then_it_cannot_be_made() -> None:
    with pytest.raises(AssertionError, match="needs a note"):
        Cell(0.9, origin="published")
