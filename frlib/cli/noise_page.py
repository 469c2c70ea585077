"""What a draw of noise came to, for people and as JSON."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from frlib.core.config import to_dict
from frlib.core.reference import plain
from frlib.data.lab import realised
from frlib.data.lab.draw import Draw


def facts(draw: Draw) -> dict[str, Any]:
    """Plain JSON types: noise asked for, counts of the source and of the split, what came of it."""
    done = dict(draw.noisy.facts.get("noise", {}))
    summary = done.pop("summary", None) or realised.summary(draw.noisy, draw.reference)
    return {
        "seed": draw.seed,
        "noise": to_dict(draw.lab.noise, places=False),
        "digest": draw.noisy.digest,
        "clean_digest": draw.clean.digest,
        "source": draw.clean.facts.get("source", {}),
        "split": draw.clean.facts.get("split", {}),
        "steps": done,
        "summary": summary,
    }


def print_page(draw: Draw, console: Console) -> None:
    """Steps with what was asked and what was realised; kinds and flaws; classes by size."""
    found = facts(draw)
    summary = found["summary"]
    console.print(
        f"{len(draw.clean):,} images of {draw.clean.num_classes:,} identities before, "
        f"{summary['rows']:,} of {summary['classes']:,} after; seed {draw.seed}"
    )
    if not found["steps"]:
        console.print("No noise: set a ratio, e.g. --set noise.closed.ratio=0.2")
        return
    console.print()
    _print_steps(draw, found["steps"], console)
    names = [*summary["kinds"], *(name for name in summary["flaws"] if name != "none")]
    console.print()
    grid = _grid("class size", "classes", "images", *(_words(name) for name in names))
    for one in summary["by_class_size"]:
        grid.add_row(one["images"], f"{one['classes']:,}", f"{one['rows']:,}", *_cells(one, names))
    whole = (f"{summary['classes']:,}", f"{summary['rows']:,}")
    grid.add_row("all", *whole, *_cells(summary, names), style="bold")
    both = summary["kinds"] | summary["flaws"]
    grid.add_row("images", "", "", *(f"{both[name]['rows']:,}" for name in names))
    console.print(grid)
    if summary["people_without_class"]:
        console.print(f"{summary['people_without_class']:,} people have no class any more")


def _print_steps(draw: Draw, steps: Mapping[str, Any], console: Console) -> None:
    grid = _grid("step", "asked", "realised", "of", "images", "note")
    for column in (0, 3, 5):
        grid.columns[column].justify = "left"
    for name, entry in steps.items():
        setting = draw.lab.noise.step(name)
        asked = entry.get("ratio", entry.get("imbalance"))
        got = entry.get("realised_ratio", entry.get("realised_imbalance"))
        of = (
            "imbalance"
            if "imbalance" in entry
            else "classes"
            if "classes_asked" in entry
            else "images"
        )
        grid.add_row(
            Text(_words(name), "bold"),
            plain(asked),
            "" if got is None else f"{got:.4g}",
            of,
            f"{entry['rows']:,}" if "rows" in entry else "",
            _note(entry, to_dict(setting)),
        )
    console.print(grid)


def _note(entry: Mapping[str, Any], setting: Mapping[str, Any]) -> str:
    notes = []
    if entry.get("classes_untouched"):
        notes.append(f"{entry['classes_untouched']:,} identities untouched")
    if entry.get("classes_too_small"):
        notes.append(f"{entry['classes_too_small']:,} classes too small to split")
    if "classes_cut" in entry:
        notes.append(f"left out, from {entry['classes_cut']:,} classes")
    if entry.get("pool_images"):
        notes.append(f"pool of {entry['pool_images']:,}, used up to {entry['pool_max_uses']}x")
    if entry.get("aligned") is False:
        notes.append("not aligned")
    if "strength" in setting:
        notes.append(f"strength {plain(setting['strength'])}")
    return ", ".join(notes)


def _grid(*columns: str) -> Table:
    grid = Table(box=None, pad_edge=False, header_style="underline")
    for name in columns:
        grid.add_column(name, justify="right")
    return grid


def _cells(part: Mapping[str, Any], names: list[str]) -> list[str]:
    both = part["kinds"] | part["flaws"]
    return [f"{100 * both[name]['share']:.1f} %" if name in both else "-" for name in names]


def _words(name: str) -> str:
    return name.replace("_", " ")
