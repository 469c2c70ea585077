"""The slots that most methods share: one normalised centre per class, plain cross-entropy."""

from typing import Any

from frlib.heads.margins import none as no_margin
from frlib.heads.negatives import interclass_filter
from frlib.heads.negatives import none as plain
from frlib.heads.objectives import cross_entropy
from frlib.heads.relabel import none as as_given
from frlib.heads.scales import fixed
from frlib.heads.similarity import cosine
from frlib.heads.slots import InitRule, Negatives, Scale, Slots


def usual(scale: float | Scale, *, init: InitRule = "normal", **chosen: Any) -> Slots:
    """Slots with `chosen` in place of the usual ones; `scale` is s or a rule."""
    slots: dict[str, Any] = {
        "scale": scale if isinstance(scale, Scale) else fixed.Config(scale=scale),
        "similarity": cosine.Config(init=init),
        "margin": no_margin.Config(),
        "negatives": plain.Config(),
        "relabel": as_given.Config(),
        "objective": cross_entropy.Config(),
    }
    return Slots(**(slots | chosen))


def filtered(threshold: float) -> Negatives:
    """Negatives below a cosine; as they are where the threshold is 1."""
    if threshold < 1:
        return interclass_filter.Config(threshold=threshold)
    return plain.Config()
