"""Two studies side by side: fields, cells, and arms on record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frlib.core.differences import differences


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
