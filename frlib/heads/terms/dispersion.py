"""Dispersion of identities that have too few images to be classified (Unequal, second stage).

    v_i = direction of the mean of the directions of identity i's images in the batch, i = 1 .. P
    w · mean over all P·P entries of (v·vᵀ − I)²

Squared cosines: identities are driven to right angles, negative similarity is penalised as well.
The P identities are those of the whole global batch (the source sees a device's own only, so that
its pairs depend on the number of devices). Batches are best made of mined identities with several
images each: see `frlib.data.bag`.

Source: Zhong et al., Unequal-training for Deep Face Recognition with Long-tailed Noisy Data, CVPR
2019, section 3.3, and their repository (zhongyy), interweight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.heads.slots import Seen, Term

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch


def squared_cosines(sum_PD: Tensor) -> Tensor:
    """Mean over all P·P entries of (v·vᵀ − I)², v the directions of the rows."""
    import torch

    from frlib.heads._unit import directions

    v_PD = directions(sum_PD)
    off_PP = v_PD @ v_PD.t() - torch.eye(len(v_PD), dtype=v_PD.dtype, device=v_PD.device)
    return off_PP.square().mean()


class Config(Term):
    """Weight, and which identities count."""

    name: Literal["dispersion"] = "dispersion"
    interweight: float = setting(
        1.0, ge=0, doc="weight w; raised by hand from 1 to 5 to 10 in the source, default 0.01"
    )
    min_images: int = setting(1, ge=1, doc="identities with fewer images in the batch do not count")

    @property
    def term(self) -> str:
        """Name under which it is reported."""
        return "dispersion"

    def loss(self, seen: Seen, batch: Batch, state: Any) -> Tensor:
        """A scalar, weighted; 0 without identities that count."""
        from frlib.heads._unit import directions
        from frlib.parallel.collectives import gathered

        unit_ND = directions(gathered(batch.emb_BD, batch.data))
        labels_N = batch.data.all_gather(batch.given_B)
        _, group_N, count_P = labels_N.unique(return_inverse=True, return_counts=True)
        sum_PD = unit_ND.new_zeros(len(count_P), unit_ND.shape[1]).index_add(0, group_N, unit_ND)
        counted_PD = sum_PD[count_P >= self.min_images]
        if not len(counted_PD):
            return unit_ND.sum() * 0
        return self.interweight * squared_cosines(counted_PD)
