"""What is to be looked at: the same on every node."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question to every node, as texts that travel.

    mark: tells one call from others. store: a folder or URI; empty: none. data: places that must be
    readable. secrets: names of environment variables that must be set. patience_s: how long a node
    may take over all its checks.
    """

    mark: str = field(default_factory=lambda: secrets.token_hex(6))
    store: str = ""
    data: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    patience_s: float = PATIENCE_S

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @classmethod
    def parse(cls, told: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        texts = {name: tuple(told[name]) for name in ("data", "secrets")}
        return cls(**{**told, **texts})
