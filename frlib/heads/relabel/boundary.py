"""Label self-correction at the decision boundary (BoundaryF1, BoundaryFace).

    flag x if max_{j≠y} p_j > max(0, t),  p_j = margin(c_j);  its new label is argmax_{j≠y} p_j

The margin is applied to the *other* classes: x must lie beyond their margin to be handed over. The
zero comes from the source, which takes maxima over products with a one-hot mask; the published
tables were made with it. `floor_zero = False` compares with t itself, so that x with t < 0 can be
flagged too.

Each epoch starts again from the given labels. Of equal negatives the lowest class is taken.

The margin must grow with c where it is positive, and be at most 0 where c ≤ 0; then the floor
makes one row maximum enough. Without the floor the margin is evaluated on all classes.

Source: Wu and Gong, BoundaryFace, ECCV 2022, arXiv 2210.04567, and their repository
(SWJTU-3DVision), head/boundaryMargin1.py (BoundaryF1) and head/boundaryMargin.py.
"""

from functools import partial

import torch
from torch import Tensor

from frlib.core.config import Config as Base
from frlib.core.config import setting
from frlib.heads._shard import Shard
from frlib.heads.output import Decisions
from frlib.heads.slots import Margin, Relabel

KIND = "boundary"


class Config(Base):
    """When correction starts, and what the given label's side is compared with."""

    first_corrected_epoch: int = setting(
        7, ge=0, doc="first epoch, counted from 0, in which labels are corrected", unit="epoch"
    )
    floor_zero: bool = setting(True, doc="the given label's cosine counts as at least 0")

    def build(self) -> Relabel:
        """The function below, with this config."""
        return partial(corrected, self)


@torch.no_grad()
def corrected(
    config: Config, cos_BC: Tensor, labels_B: Tensor, margin: Margin, shard: Shard, *, epoch: int
) -> tuple[Tensor, Decisions | None]:
    """Corrected labels and the flagged samples; labels as given and None before the first epoch."""
    if epoch < config.first_corrected_epoch:
        return labels_B, None
    own_B = shard.at(cos_BC, labels_B)
    if config.floor_zero:
        own_B = own_B.clamp(min=0)
        hardest_B, other_B = shard.hardest(cos_BC, labels_B)
        best_B = margin(hardest_B).target
    else:
        best_B, other_B = shard.hardest(margin(cos_BC).target, labels_B)
    is_flagged_B = best_B > own_B
    at = is_flagged_B.nonzero().squeeze(1)
    decisions = Decisions(KIND, at, labels_B[at], other_B[at], (best_B - own_B)[at])
    return torch.where(is_flagged_B, other_B, labels_B), decisions
