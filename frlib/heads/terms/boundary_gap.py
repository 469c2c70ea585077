"""The boundary gap of BoundaryFace, after relabelling:

    λ · mean_b max(0, max(0, max_{j≠y} c_j) − max(0, margin(c_y)))

Plain negatives against the margin-ed target, the mean over the whole batch, not scaled by s. The
inner zeros come from the source: where margin(c_y) ≤ 0 the target gets no gradient. `floor_zero =
False` leaves them out. Off before `first_corrected_epoch`.

Source: Wu and Gong, BoundaryFace, ECCV 2022, arXiv 2210.04567, and their repository
(SWJTU-3DVision), head/boundaryMargin.py.
"""

import math
from functools import partial

from torch import Tensor
from torch.nn.functional import relu

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.heads._shard import Shard
from frlib.heads.slots import Margined, Term


class Config(Base):
    """Weight, start and floor."""

    lam: float = setting(math.pi, ge=0, doc="weight of the gap, λ")
    first_corrected_epoch: int = setting(
        7, ge=0, doc="first epoch, counted from 0, in which the gap counts", unit="epoch"
    )
    floor_zero: bool = setting(True, doc="both sides count as at least 0")

    @property
    def term(self) -> str:
        """Name under which the term is reported."""
        return "boundary_gap"

    def build(self) -> Term:
        """The function below, with this config."""
        return partial(gap, self)


def gap(
    config: Config,
    cos_BC: Tensor,
    labels_B: Tensor,
    margined: Margined,
    shard: Shard,
    *,
    epoch: int,
) -> Tensor:
    """Scalar, weighted; 0 before the first epoch."""
    if epoch < config.first_corrected_epoch:
        return cos_BC.new_zeros(())
    hardest_B, _ = shard.hardest(cos_BC, labels_B)
    target_B = margined.target
    if config.floor_zero:
        hardest_B, target_B = relu(hardest_B), relu(target_B)
    return config.lam * relu(hardest_B - target_B).mean()
