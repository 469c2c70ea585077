"""The computation of `mixbct`.

Shapes: as in `_term`; B rows of the pass.
"""

import torch
from torch import Tensor

from frlib.compat._term import Seen, Term
from frlib.core.seeds import torch_seed
from frlib.parallel.transfer import sent


class Mixed(Term):
    """Replaces a share of the rows. short: passes with fewer credible rows than were to be."""

    short: Tensor

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.alpha = alpha
        self.register_buffer("short", torch.zeros((), dtype=torch.int64))

    def replaced(self, seen: Seen) -> Tensor:
        """`[b, D]` out of place; the very same tensor where no row is to be replaced."""
        wanted = int(round(self.alpha * seen.total, 9))
        if not wanted:
            return seen.emb_bD
        assert seen.old_bD is not None, "given to methods that replace rows"
        can_b = seen.credible_b & (seen.old_bD != 0).any(1)
        can_B = seen.group.all_gather(can_b)
        self.short += can_B.sum() < wanted
        own = slice(seen.first, seen.first + len(can_b))
        is_old_b = drawn(can_B, wanted, seen.seed, seen.step)[own]
        return replaced_rows(seen.emb_bD, seen.old_bD, is_old_b)

    def counts(self) -> dict[str, Tensor]:
        """`short`."""
        return {"short": self.short}


def drawn(can_B: Tensor, wanted: int, seed: int, step: int) -> Tensor:
    """`[B]` bool: so many of the rows that can be, all of them if there are fewer."""
    draw = torch.Generator().manual_seed(torch_seed(seed, "compat", "mixbct", step))
    lots_B = sent(torch.randperm(len(can_B), generator=draw), can_B.device)
    order_B = torch.where(can_B, lots_B, lots_B + len(can_B)).argsort()
    is_drawn_B = torch.zeros_like(can_B)
    is_drawn_B[order_B[:wanted]] = True
    return is_drawn_B & can_B


def replaced_rows(emb_bD: Tensor, old_bD: Tensor, is_old_b: Tensor) -> Tensor:
    """`[b, D]`: old rows where told, with no gradient."""
    return torch.where(is_old_b[:, None], old_bD.to(emb_bD.dtype), emb_bD)
