"""The computation of `bct`, and the cross-entropy with prototypes that `unibct` shares.

Shapes as in `_term`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from frlib.compat._term import Seen, Term
from frlib.core.errors import DataError


class Frozen(Term):
    """weight · CE(scale · P f, y) with prototypes `[C, d]` that never change.

    They are made of the old side anew whenever a run starts, so checkpoints do not carry them.
    """

    prototypes_Cd: Tensor

    def __init__(self, prototypes_Cd: Tensor, weight: float, scale: float) -> None:
        super().__init__()
        require_some(prototypes_Cd)
        self.weight, self.scale = weight, scale
        self.register_buffer("prototypes_Cd", prototypes_Cd, persistent=False)

    def forward(self, seen: Seen) -> dict[str, Tensor]:
        """`bct`."""
        return {"bct": self.weight * classified(seen, self.prototypes_Cd, self.scale)}


def mixed(prototypes: Sequence[Tensor]) -> Tensor:
    """`[C, d]` of the first that has one for the class; zero where none has."""
    first_Cd, *others = prototypes
    for other_Cd in others:
        first_Cd = torch.where(known(first_Cd)[:, None], first_Cd, other_Cd)
    return first_Cd


def known(prototypes_Cd: Tensor) -> Tensor:
    """`[C]` whether the class has a prototype."""
    return (prototypes_Cd != 0).any(1)


def require_some(prototypes_Cd: Tensor) -> None:
    """`DataError` if no class has a prototype."""
    if not known(prototypes_Cd).any():
        raise DataError(
            f"prototypes of {len(prototypes_Cd)} classes are all zero: expected one of length 1 "
            "for some of them. Are the old features those of this set, and finite?"
        )


def classified(seen: Seen, prototypes_Cd: Tensor, scale: float) -> Tensor:
    """`[]` cross-entropy of new embeddings with prototypes, over rows whose class has one."""
    known_C = known(prototypes_Cd)
    logits_bC = linear(scale * seen.unit_bd, prototypes_Cd).masked_fill(~known_C, -torch.inf)
    counts_b = known_C[seen.labels_b]
    losses_b = cross_entropy(logits_bC, seen.labels_b, reduction="none")
    return seen.mean(losses_b, counts_b)
