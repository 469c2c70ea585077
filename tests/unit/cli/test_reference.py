"""`frlib head|backbone|schedule list|show`: what is said, and that it can be read."""

import io
import json
import math
import subprocess
import sys

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from frlib.cli import backbone, head, schedule
from frlib.cli.reference import as_dict, print_list, print_page
from frlib.core import discover, reference
from frlib.core.errors import ConfigError
from frlib.core.space import IntUniform, OneOf, Uniform

HEADS = "frlib.heads.presets"
PACKAGES = (HEADS, "frlib.backbones", "frlib.schedules")
CHOICES = [(package, name) for package in PACKAGES for name in discover.choices(package)]
WIDTHS = (80, 120)


def _printed(package: str, name: str, width: int) -> list[str]:
    text = io.StringIO()
    print_page(reference.page(package, name), Console(file=text, width=width))
    return [line.rstrip() for line in text.getvalue().splitlines()]


def _words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("package", "name"), CHOICES)
def test_page_when_read_then_every_field_has_a_meaning_and_a_default(
    package: str, name: str
) -> None:
    page = reference.page(package, name)
    assert page.paper is not None
    assert page.title.startswith(page.paper.title)
    assert page.summary
    for row in page.fields:
        assert row.meaning, f"{package}.{name}.{row.name} has no meaning"
        assert not row.required, f"{package}.{name}.{row.name} has no default"
    assert "name" not in {row.name for row in page.fields}


@pytest.mark.parametrize("name", discover.choices(HEADS))
def test_page_when_of_a_head_then_every_field_has_a_public_source(name: str) -> None:
    page = reference.page(HEADS, name)
    assert page.paper is not None
    for source in (page.paper.where, *(row.source for row in page.fields)):
        assert source
        assert "methods:" not in source
        assert ".md" not in source


def test_page_when_read_then_rows_carry_default_unit_source_and_space() -> None:
    page = reference.page(HEADS, "boundary")
    rows = {row.name: row for row in page.fields}
    assert page.title == "BoundaryFace (λ=π)"
    assert page.summary.startswith("Label self-correction")
    assert (rows["margin"].default, rows["margin"].unit) == (0.5, "radian")
    assert rows["lam"].default == math.pi
    assert rows["lam"].unit == "1"
    assert "head/boundaryMargin.py" in rows["lam"].source
    assert rows["lam"].space == Uniform(low=0.0, high=2 * math.pi)
    assert rows["easy"].space is None
    assert rows["easy"].unit == ""


def test_page_when_unknown_then_nearest_is_named() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'arcface'"):
        reference.page(HEADS, "arcfac")


def test_pages_when_read_then_torch_is_not_imported() -> None:
    code = (
        "import sys; from frlib.cli import reference as page; from frlib.core import reference; "
        f"found = [reference.pages(package) for package in {PACKAGES}]; "
        "assert all(found); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (32.0, "32"),
        (0.01, "0.01"),
        (math.pi, "π"),
        (2 * math.pi, "2π"),
        (3.14159, "3.14159"),
        (1e20, "1e+20"),
        (7, "7"),
        (True, "true"),
        (None, "none"),
        ("hard", "hard"),
        ((10, 18.0, 22), "10, 18, 22"),
        ((), "none"),
    ],
)
def test_plain_when_given_a_value_then_as_one_types_it(value: object, wanted: str) -> None:
    assert reference.plain(value) == wanted


def test_plain_space_when_given_a_distribution_then_says_kind_bounds_and_scale() -> None:
    assert reference.plain_space(Uniform(low=0.2, high=2 * math.pi)) == "uniform 0.2 to 2π"
    assert (
        reference.plain_space(Uniform(low=16, high=64, log=True)) == "uniform 16 to 64, log scale"
    )
    assert reference.plain_space(IntUniform(low=3, high=12)) == "whole numbers 3 to 12"
    assert reference.plain_space(OneOf(values=(1, 3, 5))) == "one of 1, 3, 5"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("package", "name"), CHOICES)
def test_show_when_printed_then_fits_and_every_fact_stands_on_its_fields_line(
    package: str, name: str, width: int
) -> None:
    lines = _printed(package, name, width)
    assert max(map(len, lines)) <= width
    page = reference.page(package, name)
    header, *table = lines[lines.index(next(line for line in lines if line.startswith("field "))) :]
    assert header.split() == ["field", "default", "unit", "search"]
    at = {word: header.index(word) for word in header.split()}
    for row in page.fields:
        line = next(line for line in table if line.startswith(f"{row.name} "))
        assert line[at["default"] : at["unit"]].strip() == reference.plain(row.default)
        assert line[at["unit"] : at["search"]].strip() == row.unit
        wanted = reference.plain_space(row.space) if row.space else ""
        assert line[at["search"] :].strip() == wanted
    whole = _words(" ".join(lines))
    assert whole.startswith(f"{name} {page.title}")
    assert _words(page.text.replace("* ", "")) in whole.replace("* ", "")
    for row in page.fields:
        assert _words(row.meaning) in whole
        assert _words(row.source) in whole


def test_show_when_the_formula_is_too_wide_then_condition_goes_below() -> None:
    lines = _printed("frlib.schedules", "cosine", 80)
    at = next(i for i, line in enumerate(lines) if "cos(pi" in line)
    assert lines[at].startswith("    factor(i) = f + ")
    assert lines[at + 1] == "        w <= i <= T"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("package", PACKAGES)
def test_list_when_printed_then_names_and_titles_are_whole(package: str, width: int) -> None:
    text = io.StringIO()
    pages = reference.pages(package)
    print_list(pages, Console(file=text, width=width))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    for page in pages:
        assert any(
            line.startswith(page.name) and page.title in line.removeprefix(page.name)
            for line in lines
        )


@pytest.mark.parametrize(
    ("app", "package"), [*zip((head.app, backbone.app, schedule.app), PACKAGES, strict=True)]
)
def test_json_when_asked_then_holds_every_choice_and_values(app: typer.Typer, package: str) -> None:
    listed = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)
    assert [page["name"] for page in listed] == list(discover.choices(package))
    name = listed[0]["name"]
    shown = json.loads(CliRunner().invoke(app, ["show", name, "--json"]).stdout)
    assert shown == listed[0] == json.loads(json.dumps(as_dict(reference.page(package, name))))


def test_json_when_a_default_is_pi_then_the_number_is_given() -> None:
    fields = {row["field"]: row for row in as_dict(reference.page(HEADS, "boundary"))["fields"]}
    assert fields["lam"]["default"] == math.pi
    assert fields["first_corrected_epoch"]["search"] == {
        "kind": "int",
        "low": 3,
        "high": 12,
        "log": False,
    }
