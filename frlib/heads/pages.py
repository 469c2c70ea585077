"""What a head says about itself beyond its fields: its slots, and which heads use a slot's choice.

Everything is read from the presets' compositions and the slots' modules. No torch here.
"""

from dataclasses import dataclass, replace
from typing import Any

from frlib.core import discover, reference
from frlib.core.config import Config
from frlib.core.errors import ConfigError
from frlib.core.reference import FieldRow, Page, plain
from frlib.core.suggest import did_you_mean
from frlib.heads.config import HeadConfig
from frlib.heads.slots import Slots

PRESETS = "frlib.heads.presets"
FOLDERS = {
    "scale": "scales",
    "similarity": "similarity",
    "margin": "margins",
    "negatives": "negatives",
    "relabel": "relabel",
    "objective": "objectives",
    "terms": "terms",
}


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A slot of a composition: `page` of the choice, named `margins.arc`, and its `config`."""

    slot: str
    page: Page
    config: Config

    @property
    def settings(self) -> dict[str, Any]:
        """Field by field, at the values of the composition."""
        return {row.name: getattr(self.config, row.name) for row in self.page.fields}

    def words(self, without: tuple[str, ...] = ()) -> str:
        """`margin 0.5 radian, fallback hard`. What is off by default, and still is, is left out."""
        return ", ".join(
            f"{row.name} {plain(value)} {'' if row.unit == '1' else row.unit}".strip()
            for row in self.page.fields
            if (value := getattr(self.config, row.name)) or row.default
            if row.name not in without
        )


def names() -> tuple[str, ...]:
    """Everything that has a page: presets, then `margins.arc` and the other choices of slots."""
    of_slots = (
        f"{folder}.{choice}"
        for folder in FOLDERS.values()
        for choice in discover.choices(_package(folder))
    )
    return (*discover.choices(PRESETS), *of_slots)


def page(name: str) -> Page:
    """The page of a preset, or of a slot's choice (`margins.arc`; `margin.arc` is the same)."""
    slot, dot, choice = name.rpartition(".")
    if not dot:
        return reference.page(PRESETS, name)
    folder = FOLDERS.get(slot, slot)
    if folder not in FOLDERS.values():
        known = tuple(FOLDERS.values())
        raise ConfigError(
            f"{name}: no such slot{did_you_mean(slot, known)}. Slots: {', '.join(known)}"
        )
    found = reference.page(_package(folder), choice)
    return replace(found, name=f"{folder}.{choice}", title="")


def is_slot(found: Page) -> bool:
    """Whether it is a page of a slot's choice."""
    return "." in found.name


def composition(preset: str) -> tuple[Filled, ...]:
    """The slots of a preset at its defaults, in the order they act."""
    module = discover.load(PRESETS, preset)
    slots: Slots = module.compose(module.Config())
    filled = []
    for slot, folder in FOLDERS.items():
        chosen = getattr(slots, slot)
        for config in chosen if isinstance(chosen, tuple) else (chosen,):
            found = page(f"{folder}.{config.name}")
            filled.append(Filled(slot=slot, page=found, config=config))
    return tuple(filled)


def users(name: str) -> tuple[str, ...]:
    """Presets that use a slot's choice at their defaults."""
    return tuple(
        preset
        for preset in discover.choices(PRESETS)
        if any(one.page.name == name for one in composition(preset))
    )


def own_and_common(found: Page) -> tuple[tuple[FieldRow, ...], tuple[FieldRow, ...]]:
    """A preset's fields, split into its own and those it has as every head has them."""
    every = {row.name: row for row in reference.rows(HeadConfig)}
    common = [row for row in found.fields if every.get(row.name) == replace(row, space=None)]
    return tuple(row for row in found.fields if row not in common), tuple(common)


def _package(folder: str) -> str:
    return f"frlib.heads.{folder}"
