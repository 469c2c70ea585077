"""Settings and numbers in the words that MLflow takes.

MLflow 3.17: names may hold letters, digits and `_-. /`; a parameter's value at most 6000 characters
and its name 250; system metrics are those whose names begin with `system/`.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frlib.core.config import canonical

PARAMS_FILE = "params.json"
_VALUE_LENGTH = 6000
_NAME_LENGTH = 250
_SHOWN = 200
_NOT_IN_NAMES = re.compile(r"[^\w.\- /]")
_OF_MACHINE = ("memory/", "energy/", "time/cpu")


@dataclass(frozen=True)
class Params:
    """Parameters as the server takes them. long: whole values of those that are cut there."""

    values: Mapping[str, str]
    long: Mapping[str, str]


NO_PARAMS = Params({}, {})


def plain_name(name: str) -> str:
    """A name that MLflow takes: `tar@far=1e-4` -> `tar_far_1e-4`; a long one ends in a digest."""
    plain = _NOT_IN_NAMES.sub("_", name)
    if len(plain) <= _NAME_LENGTH:
        return plain
    return f"{plain[: _NAME_LENGTH - 17]}_{_digest(name)}"


def metric_name(name: str) -> str:
    """As `plain_name`; what the machine was measured at is a system metric there."""
    return plain_name(f"system/{name}" if name.startswith(_OF_MACHINE) else name)


def params(values: Mapping[str, Any]) -> Params:
    """Nested settings by dotted names.

    Of a value that is too long the beginning stands there, with its length and digest. Names that
    are different here and equal there are told apart by a digest.
    """
    told: dict[str, str] = {}
    long: dict[str, str] = {}
    for name, value in _leaves(values, ""):
        text = value if isinstance(value, str) else canonical(value)
        plain = plain_name(name)
        if plain in told:
            plain = plain_name(f"{name[: _NAME_LENGTH - 17]}~{_digest(name)}")
        if len(text) > _VALUE_LENGTH:
            long[name] = text
            text = (
                f"{text[:_SHOWN]}... ({len(text)} characters, sha256 {_digest(text)}, whole in "
                f"{PARAMS_FILE})"
            )
        told[plain] = text
    return Params(told, long)


def _leaves(values: Mapping[str, Any], prefix: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, inner in values.items():
        if isinstance(inner, Mapping) and inner:
            found += _leaves(inner, f"{prefix}{name}.")
        else:
            plain = inner is None or isinstance(inner, (bool, int, float, str))
            found.append((f"{prefix}{name}", str(inner) if plain else inner))
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
