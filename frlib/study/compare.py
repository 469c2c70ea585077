"""Two studies side by side: fields, cells, and arms on record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NOTHING = "(nothing)"


@dataclass(frozen=True)
class Side:
    """A study as plain JSON, digest -> shown values of its cells, and arm -> cell on record."""

    name: str
    study: Mapping[str, Any]
    cells: Mapping[str, Mapping[str, Any]]
    arms: Mapping[str, str]


@dataclass(frozen=True)
class Comparison:
    """fields: (path, in A, in B) where they differ. Cells by what their tables show.

    arms: digests on record, under either name, of cells that both have.
    """

    fields: tuple[tuple[str, Any, Any], ...]
    only_a: tuple[Mapping[str, Any], ...]
    only_b: tuple[Mapping[str, Any], ...]
    both: tuple[Mapping[str, Any], ...]
    arms: tuple[str, ...]


def compare(a: Side, b: Side) -> Comparison:
    """What differs between two studies, and what records they share."""
    shared = set(a.cells) & set(b.cells)
    recorded = {**a.arms, **b.arms}
    return Comparison(
        fields=tuple(differences(a.study, b.study)),
        only_a=tuple(shown for key, shown in a.cells.items() if key not in shared),
        only_b=tuple(shown for key, shown in b.cells.items() if key not in shared),
        both=tuple(shown for key, shown in a.cells.items() if key in shared),
        arms=tuple(sorted(arm for arm, cell in recorded.items() if cell in shared)),
    )


def differences(
    a: Mapping[str, Any], b: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """(path, value in a, value in b) of every leaf that differs; a list is a leaf.

    Mappings are gone into; a choice of another name is one difference, not one for each field.
    """
    for key in dict.fromkeys((*a, *b)):
        path = f"{prefix}{key}"
        one, other = a.get(key, _NOTHING), b.get(key, _NOTHING)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            if one.get("name") == other.get("name"):
                yield from differences(one, other, f"{path}.")
            else:
                yield path, one, other
        elif _plain(one) != _plain(other):
            yield path, one, other


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
