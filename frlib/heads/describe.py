"""What the presets say about themselves, as plain rows for `frlib head list` and `frlib head show`.

No torch here. Everything is read from the preset modules, so the pages cannot drift from the code.
"""

import inspect
from dataclasses import dataclass

from pydantic.fields import FieldInfo

from frlib.core import discover
from frlib.core.paper import Paper
from frlib.core.space import Distribution

PRESETS = "frlib.heads.presets"


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    """One field of a preset: default, meaning, where the default is from, default search."""

    name: str
    default: object
    unit: str
    doc: str
    source: str
    space: Distribution | None


@dataclass(frozen=True, kw_only=True)
class Page:
    """One preset: `label` at its defaults, `text` with formula, slots and deviations, fields."""

    name: str
    label: str
    summary: str
    text: str
    paper: Paper
    fields: tuple[FieldRow, ...]


def pages() -> tuple[Page, ...]:
    """Every preset, by name."""
    return tuple(page(name) for name in discover.choices(PRESETS))


def page(name: str) -> Page:
    """One preset; `ConfigError` with the nearest name when there is none."""
    preset = discover.load(PRESETS, name)
    text = inspect.cleandoc(preset.__doc__ or "")
    fields = preset.Config.model_fields
    return Page(
        name=name,
        label=preset.label(preset.Config()),
        summary=" ".join(text.partition("\n\n")[0].split()),
        text=text,
        paper=preset.PAPER,
        fields=tuple(
            _row(key, field, preset.SPACE.get(key))
            for key, field in fields.items()
            if key != "name"
        ),
    )


def _row(name: str, field: FieldInfo, space: Distribution | None) -> FieldRow:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return FieldRow(
        name=name,
        default=field.default,
        unit=str(extra.get("unit", "1")),
        doc=field.description or "",
        source=str(extra.get("source", "")),
        space=space,
    )
