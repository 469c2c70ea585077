"""The boundary gap of BoundaryFace, after relabelling:

    λ · mean_b max(0, max(0, max_{j≠y} c_j) − max(0, margin(c_y)))

Plain negatives against the margin-ed target, the mean over the whole batch, not scaled by s. The
inner zeros come from the source: where margin(c_y) ≤ 0 the target gets no gradient. `floor_zero =
False` leaves them out. Off before `first_corrected_epoch`.

Source: Wu and Gong, BoundaryFace, ECCV 2022, arXiv 2210.04567, and their repository
(SWJTU-3DVision), head/boundaryMargin.py.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from frlib.core.config import setting
from frlib.heads.slots import Seen, Term

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch


class Config(Term):
    """Weight, start and floor."""

    wants_rivals: ClassVar[bool] = True
    name: Literal["boundary_gap"] = "boundary_gap"
    lam: float = setting(math.pi, ge=0, doc="weight of the gap, λ")
    first_corrected_epoch: int = setting(
        7, ge=0, doc="first epoch, counted from 0, in which the gap counts", unit="epoch"
    )
    floor_zero: bool = setting(True, doc="both sides count as at least 0")

    @property
    def term(self) -> str:
        """Name under which it is reported."""
        return "boundary_gap"

    def is_on(self, epoch: int) -> bool:
        """From the first corrected epoch."""
        return epoch >= self.first_corrected_epoch

    def loss(self, seen: Seen, batch: Batch, state: Any) -> Tensor:
        """`[B]`, weighted; 0 before the first epoch."""
        if not self.is_on(batch.epoch):
            return seen.own_B.new_zeros(seen.own_B.shape)
        assert seen.rival_B is not None
        rival_B, target_B = seen.rival_B, seen.margined.target
        if self.floor_zero:
            rival_B, target_B = rival_B.relu(), target_B.relu()
        return self.lam * (rival_B - target_B).relu()
