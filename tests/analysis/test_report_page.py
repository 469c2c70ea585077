"""The report in a browser: nothing complains, nothing overflows, rows are ordered by keyboard."""

from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from analysis.report import build
from tests.analysis import denoised
from tests.analysis.browser import Page, visit

WIDTHS = (390, 1280)
_HEAD = "[...document.querySelectorAll('.results thead th')].find(t => t.textContent == '{}')"
_COLUMN = (
    "[...document.querySelectorAll('.results tbody tr')].map(r => r.cells[{}].dataset.value ?? "
    "r.cells[{}].textContent)"
)
_OVER = """(() => {
  for (const one of document.querySelectorAll('details')) one.open = true;
  return document.documentElement.scrollWidth - document.documentElement.clientWidth;
})()"""
_CONTRAST = """(() => {
  const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
    .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  return Math.min(...['body', '.soft', 'a', 'button', 'figcaption', 'dt']
    .map(name => document.querySelector(name)).filter(Boolean).map(one => {
    const ink = light(getComputedStyle(one).color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05); }));
})()"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory, simulated: ModuleType) -> dict[str, str]:
    """Name of a study -> address of its report."""
    store = tmp_path_factory.mktemp("store")
    denoised.record(store)
    simulated.record(store)
    names = [path.name for path in (store / "studies").iterdir()]
    return {name: build.build(name, store).as_uri() for name in names}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_page_when_opened_then_nothing_complains_overflows_or_is_pale(
    reports: dict[str, str], width: int, dark: bool
) -> None:
    async def look(page: Page) -> dict[str, tuple[Any, Any]]:
        found = {}
        for name, address in reports.items():
            await page.open(address, width, dark=dark)
            found[name] = (await page.run(_OVER), await page.run(_CONTRAST))
        assert page.trouble == []
        assert [one for one in page.asked if not one.startswith(("file:", "data:"))] == []
        return found

    for name, (over, contrast) in visit(look).items():
        assert over == 0, f"{name}: {over} pixels stick out at {width}"
        assert contrast >= 4.5, name


def test_browser_when_a_page_runs_what_its_policy_forbids_then_it_complains(
    reports: dict[str, str], tmp_path: Path
) -> None:
    other = tmp_path / "changed.html"
    text = Path(url2pathname(urlsplit(reports["bench"]).path)).read_text()
    other.write_text(text.replace("use strict", "use Strict"))

    async def look(page: Page) -> list[str]:
        await page.open(other.as_uri(), 1280)
        return page.trouble

    assert "Content Security Policy" in " ".join(visit(look))


def test_rows_when_a_heading_is_pressed_then_are_ordered_both_ways_and_gaps_are_last(
    reports: dict[str, str],
) -> None:
    head = _HEAD.format("recovery")

    async def press(page: Page) -> list[Any]:
        await page.open(reports["bench"], 1280)
        at = await page.run(f"{head}.cellIndex")
        found = []
        for _ in range(2):
            await page.run(f"{head}.querySelector('button').focus()")
            await page.press("Enter")
            found.append(
                (
                    await page.run(_COLUMN.format(at, at)),
                    await page.run(f"{head}.getAttribute('aria-sort')"),
                    await page.run("document.getElementById('status').textContent"),
                )
            )
        return found

    (up, rising, said), (down, falling, _) = visit(press)
    assert (rising, falling) == ("ascending", "descending")
    assert said == "Sorted by recovery, ascending"
    numbers = [float(one) for one in up if one]
    assert numbers == sorted(numbers) and len(set(numbers)) > 3
    assert [float(one) for one in down if one] == numbers[::-1]
    gaps = up.count("")
    assert gaps and up[-gaps:] == down[-gaps:] == [""] * gaps


def test_keys_when_pressed_then_first_lead_past_the_links_and_regions_can_be_reached(
    reports: dict[str, str],
) -> None:
    async def press(page: Page) -> list[str]:
        await page.open(reports["bench"], 390)
        await page.press("Tab")
        first = await page.run("document.activeElement.textContent")
        seen = await page.run("document.activeElement.getBoundingClientRect().left")
        await page.press("Enter")
        reached = await page.run("document.activeElement.id")
        for _ in range(12):
            await page.press("Tab")
            if await page.run("document.activeElement.className") == "wide":
                break
        return [first, seen, reached, await page.run("document.activeElement.className")]

    first, seen, reached, region = visit(press)
    assert (first, reached, region) == ("To the content", "main", "wide")
    assert float(seen) >= 0


def test_link_when_it_leads_into_a_folded_cell_then_the_cell_opens(
    reports: dict[str, str],
) -> None:
    async def follow(page: Page) -> list[bool]:
        await page.open(reports["boundary_small"], 1280)
        cell = "document.getElementById('cell-2')"
        found = [await page.run(f"{cell}.open")]
        await page.run("document.querySelector('a[href=\"#cell-2\"]').click()")
        await page.run("new Promise(r => setTimeout(r, 100))")
        await page.press("Tab")
        found.append(await page.run(f"{cell}.open"))
        await page.run("[...document.querySelectorAll('.tools button')][0].click()")
        found.append(
            await page.run("[...document.querySelectorAll('.folds > details')].every(d => d.open)")
        )
        return found

    assert visit(follow) == [False, True, True]
