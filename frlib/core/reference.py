"""What the choices of a package say about themselves: heads, backbones, schedules alike.

Everything is read from the modules (docstring, `PAPER`, `Config`, and where they have them `SPACE`
and `label`), so a page cannot drift from the code. Nothing here imports torch, and a choice keeps
torch inside its functions: a page is as quick as its config.
"""

import inspect
import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import ModuleType, NoneType
from typing import Any

from pydantic.fields import FieldInfo

from frlib.core import discover
from frlib.core.config import Config, is_place, unit_and_source
from frlib.core.paper import Paper
from frlib.core.space import Branches, Distribution, OneOf, Uniform

_MULTIPLES_OF_PI = {math.pi / 2: "π/2", math.pi: "π", 2 * math.pi: "2π"}


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    """One field of a choice.

    `default` is the value itself, meaningless where the field is `required`. `unit` is "1" for a
    pure number and empty where no number is meant. `space` is the default search, if there is one.
    `is_place`: it says where or how fast, does not change the result, and so has no source.
    """

    name: str
    default: Any
    required: bool
    unit: str
    meaning: str
    source: str
    space: Distribution | None
    is_place: bool = False


@dataclass(frozen=True, kw_only=True)
class Page:
    """One choice: `title` as in tables, at its defaults; `text` is the module's docstring."""

    name: str
    title: str
    text: str
    paper: Paper | None
    fields: tuple[FieldRow, ...]

    @property
    def summary(self) -> str:
        """First paragraph of the text, on one line."""
        return " ".join(self.text.partition("\n\n")[0].split())

    @property
    def formula(self) -> str:
        """First indented block of the text, its lines without the indent; empty without one."""
        for block in self.text.split("\n\n"):
            if all(line.startswith(" ") for line in block.splitlines()):
                return textwrap.dedent(block)
        return ""


def pages(package: str) -> tuple[Page, ...]:
    """Every choice of `package`, by name."""
    return tuple(page(package, name) for name in discover.choices(package))


def page(package: str, name: str) -> Page:
    """One choice of `package`; `ConfigError` with the nearest name when there is none."""
    module = discover.load(package, name)
    space: Mapping[str, Distribution] = getattr(module, "SPACE", {})
    return Page(
        name=name,
        title=_title(module, name),
        text=inspect.cleandoc(module.__doc__ or ""),
        paper=getattr(module, "PAPER", None),
        fields=rows(module.Config, space),
    )


def rows(
    owner: type[Config], space: Mapping[str, Distribution] | None = None
) -> tuple[FieldRow, ...]:
    """The fields of a config, without the name that says which choice it is.

    A field that is a config itself stands for the fields in it: `world.seed`.
    """
    found: list[FieldRow] = []
    for key, field in owner.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Config) and kind is not Config:
            found += (replace(row, name=f"{key}.{row.name}") for row in rows(kind))
        elif key != "name":
            found.append(_row(key, field, (space or {}).get(key)))
    return tuple(found)


def plain(value: Any) -> str:
    """A value as one types it: 32 for 32.0, π where equal, true for True, `10, 18` for a tuple.

    A config is its name, with the fields that are not at their defaults: `arc (margin 0.3)`.
    """
    if isinstance(value, (tuple, list)):
        return ", ".join(plain(item) for item in value) or "none"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        exact = str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
        return _MULTIPLES_OF_PI.get(value, exact)
    if isinstance(value, Config):
        changed = ", ".join(
            f"{key} {plain(getattr(value, key))}"
            for key, field in type(value).model_fields.items()
            if key != "name" and plain(getattr(value, key)) != plain(_default(field))
        )
        name = str(getattr(value, "name", type(value).__name__))
        return f"{name} ({changed})" if changed else name
    return str(value)


def plain_space(space: Distribution) -> str:
    """A search distribution in a few words."""
    if isinstance(space, OneOf):
        return f"one of {plain(space.values)}"
    if isinstance(space, Branches):
        return f"one of {', '.join(space.options)}, each with a space of its own"
    kind = "uniform" if isinstance(space, Uniform) else "whole numbers"
    scale = ", log scale" if space.log else ""
    return f"{kind} {plain(space.low)} to {plain(space.high)}{scale}"


def _title(module: ModuleType, name: str) -> str:
    if hasattr(module, "label"):
        return str(module.label(module.Config()))
    paper: Paper | None = getattr(module, "PAPER", None)
    return paper.title if paper else name


def _row(name: str, field: FieldInfo, space: Distribution | None) -> FieldRow:
    unit, source = unit_and_source(field)
    default = _default(field)
    is_number = field.is_required() or (
        isinstance(default, (int, float, NoneType)) and not isinstance(default, bool)
    )
    return FieldRow(
        name=name,
        default=default,
        required=field.is_required(),
        unit=unit if is_number or unit != "1" else "",
        meaning=field.description or "",
        source=source,
        space=space,
        is_place=is_place(field),
    )


def _default(field: FieldInfo) -> Any:
    return None if field.is_required() else field.get_default(call_default_factory=True)
