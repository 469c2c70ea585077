"""Parameters shared out by rate and decay."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from frlib.optimisers._settings import Settings

if TYPE_CHECKING:
    from torch import nn

_BACKBONE, _HEAD = "backbone.", "head."
_WEIGHT_AXES = 2


def groups(named: Iterable[tuple[str, "nn.Parameter"]], settings: Settings) -> list[dict[str, Any]]:
    """Groups of `params` with `rate` and `weight_decay`, in order of their first parameter.

    named: those that are trained, in the order of the network. `layer_decay` is of the layers of
    `backbone.*`, each a child of it or an entry of a child that is a list (`layer3.7`); `head_rate`
    is of `head.*`; what is neither has the rate of the last layer.
    """
    trained = list(named)
    layers = list(dict.fromkeys(_layer(n) for n, _ in trained if n.startswith(_BACKBONE)))
    place = {layer: number for number, layer in enumerate(layers)}
    found: dict[tuple[float, float], dict[str, Any]] = {}
    for name, parameter in trained:
        rate = 1.0
        if name.startswith(_HEAD):
            rate = settings.head_rate
        elif name.startswith(_BACKBONE):
            rate = settings.layer_decay ** (len(layers) - 1 - place[_layer(name)])
        decays = settings.decay == "all" or parameter.dim() >= _WEIGHT_AXES
        decay = settings.weight_decay if decays else 0.0
        group = found.setdefault((rate, decay), {"params": [], "rate": rate, "weight_decay": decay})
        group["params"].append(parameter)
    return list(found.values())


def _layer(name: str) -> str:
    _, child, *rest = name.split(".")
    return f"{child}.{rest[0]}" if rest and rest[0].isdecimal() else child
