"""Cells that cost alike: a step of theirs is the same work on as many images.

What a step costs follows from shapes and choices. Real numbers (rates, margins, ratios) change it
only by being zero or not, except the share of classes that take part.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from frlib.core.config import Config, digest, to_dict
from frlib.train.config import TrainConfig

_NO_MATTER = (
    *("epochs", "schedule", "select_every", "stopping", "start", "stages", "course"),
    "clean",  # what is dropped makes an epoch shorter by some per cent at most
)
_EXACT = "sample_rate"


def kinds(configs: Iterable[TrainConfig]) -> list[str]:
    """Identity of the work of a step: equal for cells that cost alike, whatever their length.

    Cells of a study share the parts that no axis changes; each part is looked at once.
    """
    seen: dict[int, tuple[Any, str]] = {}

    def shape(name: str, value: Any) -> str:
        if id(value) not in seen:
            plain = to_dict(value) if isinstance(value, Config) else value
            seen[id(value)] = value, digest(_shape(name, plain))
        return seen[id(value)][1]

    return [
        digest(
            {n: shape(n, getattr(one, n)) for n in type(one).model_fields if n not in _NO_MATTER}
        )
        for one in configs
    ]


def _shape(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _shape(str(key), one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shape(name, one) for one in value]
    if isinstance(value, float) and name != _EXACT:
        return value != 0
    return value
