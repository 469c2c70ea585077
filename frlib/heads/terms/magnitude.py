"""MagFace's regulariser, which draws easy faces to long embeddings: λ_g·(a/u_a² + 1/a).

a = clamp(|x|, l_a, u_a), as in the margin `magnitude`. The paper bounds λ_g from below for a
minimum to exist: λ_g ≥ s·k·u_a²·l_a²/(u_a² − l_a²), k the slope of m(a).

Sources: Meng et al., MagFace, CVPR 2021, arXiv 2103.06627, equation 7; MagFace repository
(IrvingMeng), models/magface.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.heads.slots import Seen, Term

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch


class Config(Term):
    """Weight and the two lengths."""

    name: Literal["magnitude"] = "magnitude"
    lam: float = setting(35.0, ge=0, doc="weight λ_g")
    l_a: float = setting(10.0, gt=0, doc="shortest length", unit="embedding length")
    u_a: float = setting(110.0, gt=0, doc="longest length", unit="embedding length")

    @property
    def term(self) -> str:
        """Name under which it is reported."""
        return "magnitude"

    def loss(self, seen: Seen, batch: Batch, state: Any) -> Tensor:
        """`[B]`, weighted."""
        length_B = batch.norms_B.clamp(self.l_a, self.u_a)
        return self.lam * (length_B / self.u_a**2 + 1 / length_B)
