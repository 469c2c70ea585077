"""Where two configurations in plain JSON types differ."""

from collections.abc import Iterator, Mapping
from typing import Any

_NOTHING = "(nothing)"


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
