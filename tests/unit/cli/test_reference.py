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

from frlib.cli import backbone, head, noise, optimiser, part, pruning, sampler, schedule, source
from frlib.cli.reference import PLACE, as_dict, print_list, print_page
from frlib.core import discover, reference
from frlib.core.config import is_place, to_dict
from frlib.core.errors import ConfigError
from frlib.core.space import IntUniform, OneOf, Uniform
from frlib.heads import pages
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc
from frlib.heads.slots import Slots

HEADS = "frlib.heads.presets"
METHODS = (
    HEADS,
    "frlib.backbones",
    "frlib.optimisers",
    "frlib.schedules",
    "frlib.pruning",
    "frlib.samplers",
    "frlib.data.noise",
)
PACKAGES = (*METHODS, "frlib.data.sources", "frlib.data.parts")
CHOICES = [(package, name) for package in PACKAGES for name in discover.choices(package)]
PRESETS = discover.choices(HEADS)
SLOTS = [name for name in pages.names() if "." in name]
WIDTHS = (80, 120)

every_width = pytest.mark.parametrize("width", WIDTHS)


def _printed(package: str, name: str, width: int) -> list[str]:
    text = io.StringIO()
    printing = head.print_page if package == HEADS else print_page
    printing(reference.page(package, name), Console(file=text, width=width))
    return [line.rstrip() for line in text.getvalue().splitlines()]


def _printed_head(name: str, width: int) -> list[str]:
    text = io.StringIO()
    head.print_page(pages.page(name), Console(file=text, width=width))
    return [line.rstrip() for line in text.getvalue().splitlines()]


def _title(page: reference.Page) -> str:
    return "" if page.title == page.name else page.title


def _words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("package", "name"), CHOICES)
def test_page_when_read_then_every_field_has_a_meaning_and_a_default(
    package: str, name: str
) -> None:
    page = reference.page(package, name)
    if package in METHODS:
        assert page.paper is not None
        assert page.title.startswith(page.paper.title)
    assert page.summary
    for row in page.fields:
        assert row.meaning, f"{package}.{name}.{row.name} has no meaning"
        assert not row.required or row.is_place, f"{package}.{name}.{row.name} has no default"
    assert "name" not in {row.name for row in page.fields}


@pytest.mark.parametrize("name", PRESETS)
def test_page_when_of_a_head_then_every_field_has_a_public_source(name: str) -> None:
    page = reference.page(HEADS, name)
    assert page.paper is not None
    rows = [row for row in page.fields if not row.is_place]
    for where in (page.paper.where, *(row.source for row in rows)):
        assert where
        assert "methods:" not in where
        assert ".md" not in where


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
        "from frlib.cli import head; from frlib.heads import pages; "
        "found += [head.as_dict(pages.page(name)) for name in pages.names()]; "
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
        (arc.Config(), "arc"),
        (arc.Config(margin=0.3, fallback="none"), "arc (margin 0.3, fallback none)"),
        ((arc.Config(), arc.Config(margin=0.3)), "arc, arc (margin 0.3)"),
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


@every_width
@pytest.mark.parametrize(("package", "name"), CHOICES)
def test_show_when_printed_then_fits_and_every_fact_stands_on_its_fields_line(
    package: str, name: str, width: int
) -> None:
    lines = _printed(package, name, width)
    assert max(len(line) for line in lines if not line.startswith("https://")) <= width
    page = reference.page(package, name)
    if not page.fields:
        assert not any(line.startswith("field ") for line in lines)
        return
    header, *table = lines[lines.index(next(line for line in lines if line.startswith("field "))) :]
    at = {word: header.index(word) for word in header.split()}
    assert [*at] in (["field", "default", "unit", "search"], ["field", "default", "unit"])
    for row in page.fields:
        line = next(line for line in table if line.partition(" ")[0] == row.name)
        default = "required" if row.required else reference.plain(row.default)
        assert line[at["default"] : at["unit"]].strip() == default
        wanted = reference.plain_space(row.space) if row.space else ""
        if "search" in at:
            assert line[at["unit"] : at["search"]].strip() == row.unit
            assert line[at["search"] :].strip() == wanted
        else:
            assert line[at["unit"] :] == row.unit
            assert not wanted or f"    Search: {wanted}" in table
    whole = _words(" ".join(lines))
    assert whole.startswith(f"{name} {_title(page)}".strip())
    assert _words(page.text.replace("* ", "")) in whole.replace("* ", "")
    for row in page.fields:
        assert _words(row.meaning) in whole
        assert _words(PLACE if row.is_place else row.source) in whole


def test_show_when_the_formula_is_too_wide_then_condition_goes_below() -> None:
    lines = _printed("frlib.schedules", "cosine", 80)
    at = next(i for i, line in enumerate(lines) if "cos(pi" in line)
    assert lines[at].startswith("    factor(i) = f + ")
    assert lines[at + 1] == "        w <= i <= T"


@every_width
@pytest.mark.parametrize("package", PACKAGES)
def test_list_when_printed_then_names_and_titles_are_whole(package: str, width: int) -> None:
    text = io.StringIO()
    pages = reference.pages(package)
    print_list(pages, Console(file=text, width=width))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    for page in pages:
        assert any(
            line.startswith(page.name) and _title(page) in line.removeprefix(page.name)
            for line in lines
        )


@every_width
@pytest.mark.parametrize("name", PRESETS)
def test_show_when_a_head_then_every_slot_has_a_line_with_its_settings_and_its_formula(
    name: str, width: int
) -> None:
    lines = _printed_head(name, width)
    at = lines.index("Slots at the defaults")
    block = lines[at + 1 : lines.index("", at)]
    module = discover.load(HEADS, name)
    slots: Slots = module.compose(module.Config())
    chosen = [
        (slot, config)
        for slot in pages.FOLDERS
        for config in ([*slots.terms] if slot == "terms" else [getattr(slots, slot)])
    ]
    starts = [line.split()[:2] for line in block if not line.startswith(" ")]
    assert starts == [[slot, config.name] for slot, config in chosen]
    whole = _words(" ".join(block))
    for slot, config in chosen:
        page = pages.page(f"{slot}.{config.name}")
        assert _words(page.summary.removesuffix(":")) in whole
        assert _words(page.formula) in whole
        for key, value in to_dict(config).items():
            if key != "name" and value:
                assert f"{key} {reference.plain(value)}" in whole


def test_show_when_boundary_then_slots_read_as_meant() -> None:
    whole = _printed_head("boundary", 80)
    assert "margin      arc            margin 0.5 radian, fallback hard, margin_grad exact" in whole
    assert "        margin(c_j) > max(0, t)" in whole
    assert any(line.startswith("terms       boundary_gap   lam π, ") for line in whole)
    assert "Deviations from the released code: none in the values" in _words(" ".join(whole))


@pytest.mark.parametrize("name", PRESETS)
def test_show_when_a_head_then_fields_of_all_heads_come_once_and_last(name: str) -> None:
    lines = _printed_head(name, 120)
    common = lines.index(head.COMMON)
    own_rows, common_rows = pages.own_and_common(pages.page(name))
    for rows, place in ((own_rows, lines[:common]), (common_rows, lines[common:])):
        for row in rows:
            assert any(line.startswith(f"{row.name} ") for line in place)
    assert {row.name for row in common_rows} | {"scale"} == {*HeadConfig.model_fields} - {"name"}
    assert PLACE.removesuffix(".") in _words(" ".join(lines[common:]))


@every_width
@pytest.mark.parametrize("name", SLOTS)
def test_show_when_a_slots_choice_then_its_page_fits_and_is_whole(name: str, width: int) -> None:
    lines = _printed_head(name, width)
    assert max(map(len, lines)) <= width
    assert lines[0] == name
    page = pages.page(name)
    whole = _words(" ".join(lines)).replace("* ", "")
    assert page.summary
    assert _words(page.text.replace("* ", "")) in whole
    for row in page.fields:
        assert row.meaning
        assert _words(row.meaning) in whole
    for user in pages.users(name):
        assert user in whole.partition("Used at the defaults by:")[2]


def test_show_when_the_slot_is_named_as_in_a_config_then_the_same_page() -> None:
    assert pages.page("margin.exp") == pages.page("margins.exp")
    assert pages.users("margins.exp") == ("expface",)
    assert pages.users("relabel.boundary") == ("boundary",)


def test_show_when_slot_or_choice_is_unknown_then_nearest_is_named() -> None:
    with pytest.raises(ConfigError, match=r"margns.exp: no such slot \(did you mean 'margins'"):
        pages.page("margns.exp")
    with pytest.raises(ConfigError, match=r"frlib.heads.margins \(did you mean 'exp'"):
        pages.page("margins.expp")


def test_slots_when_listed_then_all_of_a_composition() -> None:
    assert set(pages.FOLDERS) == set(Slots.__dataclass_fields__)


@every_width
def test_list_when_of_heads_then_presets_and_every_choice_of_every_slot(width: int) -> None:
    text = io.StringIO()
    every = tuple(pages.page(name) for name in pages.names())
    head.print_list(every, Console(file=text, width=width))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    firsts = [line.split()[0] for line in lines if line and not line.startswith(" ")]
    assert firsts == [*PRESETS, "The", *SLOTS]
    whole = _words(" ".join(lines))
    for name in SLOTS:
        assert _words(pages.page(name).summary.removesuffix(":")) in whole


def test_composed_when_shown_then_nested_configs_read_as_names() -> None:
    rows = {row.name: row for row in pages.page("composed").fields}
    assert (reference.plain(rows["margin"].default), rows["margin"].unit) == ("arc", "")
    assert (reference.plain(rows["terms"].default), rows["terms"].unit) == ("none", "")


def test_place_fields_when_read_then_have_no_source_and_say_why() -> None:
    places = {key for key, field in HeadConfig.model_fields.items() if is_place(field)}
    assert places
    for row in reference.rows(HeadConfig):
        assert row.is_place == (row.name in places)
        assert bool(row.source) != row.is_place


def test_json_when_of_heads_then_presets_with_slots_and_choices_with_users() -> None:
    listed = json.loads(CliRunner().invoke(head.app, ["list", "--json"]).stdout)
    assert [page["name"] for page in listed] == [*PRESETS, *SLOTS]
    shown = json.loads(CliRunner().invoke(head.app, ["show", "boundary", "--json"]).stdout)
    assert shown == listed[PRESETS.index("boundary")]
    slots = {one["slot"]: one for one in shown["slots"]}
    assert slots["margin"]["choice"] == "margins.arc"
    assert slots["margin"]["settings"]["margin"] == 0.5
    assert slots["relabel"]["formula"] == "margin(c_j) > max(0, t)"
    fields = {field["field"]: field for field in shown["fields"]}
    assert not fields["margin"]["common"] and fields["logits"]["common"]
    assert fields["margin"]["changes_result"] and not fields["form"]["changes_result"]
    exp = json.loads(CliRunner().invoke(head.app, ["show", "margins.exp", "--json"]).stdout)
    assert exp["used_by"] == ["expface"]
    assert exp["fields"][0]["default"] == 0.7


@pytest.mark.parametrize(
    ("app", "package"),
    [
        *zip(
            (
                backbone.app,
                optimiser.app,
                schedule.app,
                pruning.app,
                sampler.app,
                noise.app,
                source.app,
                part.app,
            ),
            PACKAGES[1:],
            strict=True,
        )
    ],
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
