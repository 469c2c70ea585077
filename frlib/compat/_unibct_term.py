"""The computation of `unibct`.

Shapes: as in `_term`; n images of a class.
"""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.functional import normalize

from frlib.compat import unibct
from frlib.compat._bct_term import classified, require_some
from frlib.compat._term import Block, Seen, Side, Term
from frlib.core.seeds import stream


class Renewed(Term):
    """weight · CE(scale · P f, y) from an epoch on; P `[C, d]` is in checkpoints."""

    prototypes_Cd: Tensor

    def __init__(self, config: unibct.Config, side: Side) -> None:
        super().__init__()
        require_some(side.made["means"])
        self.config, self.seed = config, side.seed
        self.register_buffer("prototypes_Cd", side.made["means"].clone())

    def forward(self, seen: Seen) -> dict[str, Tensor]:
        """`unibct`; 0 before the start."""
        if seen.epoch < self.config.start_epoch:
            return {"unibct": seen.unit_bd.new_zeros(())}
        value = classified(seen, self.prototypes_Cd, self.config.compat_scale)
        return {"unibct": self.config.weight * value}

    @torch.no_grad()
    def renew(self, blocks: Iterable[Block], epoch: int) -> None:
        """Prototypes of the classes in the blocks; the others stay."""
        for block in blocks:
            classes, sizes = block.labels_n.unique_consecutive(return_counts=True)
            end = 0
            for owner, size in zip(classes.tolist(), sizes.tolist(), strict=True):
                start, end = end, end + size
                rows = self._looked_at(size, epoch, owner).to(block.labels_n.device) + start
                found_d = prototype(
                    block.new_nD[rows],
                    block.old_nd[rows],
                    lamb=self.config.lamb,
                    temper=self.config.temper,
                    variant=self.config.variant,
                )
                if self.config.variant == "rows":
                    found_d = normalize(found_d, dim=0)
                self.prototypes_Cd[owner] = found_d

    def _looked_at(self, size: int, epoch: int, owner: int) -> Tensor:
        """Places of the images of a class that its renewal looks at, in order."""
        most = self.config.max_class_size
        if size <= most or self.config.variant == "source":
            return torch.arange(size)
        draw = stream(self.seed, "compat", "unibct", epoch, owner)
        return torch.from_numpy(draw.choice(size, most, replace=False)).sort().values


def prototype(
    new_nD: Tensor, old_nd: Tensor, *, lamb: float, temper: float, variant: str, unit: bool = True
) -> Tensor:
    """`[d]` of one class, as the module says; not yet of length 1.

    unit: scale new features to length 1 first. Its mean is wᵀ u, with w of one linear system:
    (I − lamb E)ᵀ w = (1 − lamb) 1/n.
    """
    size = len(new_nD)
    if variant == "source":
        return old_nd.mean(0)
    like_nD = normalize(new_nD, dim=1) if unit else new_nD
    near_nn = like_nD @ like_nD.t() / temper
    if size > 1:
        near_nn.fill_diagonal_(-torch.inf)
    mixing_nn = torch.eye(size).to(near_nn) - lamb * near_nn.softmax(1)
    share_n = near_nn.new_full((size,), (1 - lamb) / size)
    weights_n: Tensor = torch.linalg.solve(mixing_nn.t(), share_n)
    return weights_n @ old_nd
