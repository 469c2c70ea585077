"""The computation of `nccl`.

Shapes: as in `_term`; Q slots of the ring, R centres of this worker.
"""

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from frlib.compat import nccl
from frlib.compat._gram import gram
from frlib.compat._logits import logits
from frlib.compat._ring import EMPTY, Ring
from frlib.compat._term import Seen, Side, Term
from frlib.core.errors import ConfigError


class Neighbours(Term):
    """The two sums. The ring is in checkpoints, in variant `source` with its images' logits."""

    logits_QC: Tensor

    def __init__(self, config: nccl.Config, side: Side) -> None:
        super().__init__()
        if side.batch_size > config.buffer:
            raise ConfigError(
                f"compat.method.buffer={config.buffer} for a batch of {side.batch_size}: expected "
                "room for a step at least, since every image enters before it is compared; set a "
                "larger buffer"
            )
        self.config, self.dim = config, side.dim
        self.ring = Ring(config.buffer, side.dim)
        if config.variant == "source" and config.beta > 0:
            self.register_buffer("logits_QC", torch.zeros(config.buffer, side.num_classes))

    def forward(self, seen: Seen) -> dict[str, Tensor]:
        """`nccl_features` and, for β > 0, `nccl_classes`."""
        config, ring = self.config, self.ring
        old_Bd, labels_B = (seen.group.all_gather(x) for x in (seen.old_bd, seen.labels_b))
        slots_B = ring.enter(old_Bd, labels_B)
        old_Qd = ring.features_Qd.to(seen.unit_bd.dtype)
        pull_bQ = pulls(seen.old_bd, seen.labels_b, old_Qd, ring.labels_Q)
        takes_part_Q = None if config.variant == "source" else ring.labels_Q != EMPTY
        counts_b = (seen.old_bd != 0).any(1)

        def mean(products_bQ: Tensor) -> Tensor:
            values_b = contrast(products_bQ / config.temp, pull_bQ, takes_part_Q)
            return seen.mean(values_b, counts_b)

        parts = {"nccl_features": config.alpha * mean(seen.unit_bd @ old_Qd.t())}
        if config.beta > 0:
            self._require_size(seen)
            if config.variant == "source":
                products_bQ = self._logit_products(seen, old_Bd, labels_B, slots_B)
            else:
                products_bQ = seen.unit_bd @ gram(seen.head, seen.unit_bd) @ old_Qd.t()
            parts["nccl_classes"] = config.beta * mean(products_bQ)
        return parts

    @torch.no_grad()
    def _logit_products(
        self, seen: Seen, old_Bd: Tensor, labels_B: Tensor, slots_B: Tensor
    ) -> Tensor:
        """`[b, Q]` z_i · t_j, once the logits of the entered images are kept."""
        new_BD = seen.group.all_gather(seen.emb_bD)
        new_BC, old_BC = (
            logits(seen.head, emb_BD, labels_B, epoch=seen.epoch, step=seen.step)
            for emb_BD in (new_BD, old_Bd)
        )
        if self.config.clamped:
            new_BC, old_BC = new_BC.clamp(-1, 1), old_BC.clamp(-1, 1)
        self.logits_QC[slots_B] = old_BC.to(self.logits_QC.dtype)
        own_bC = new_BC[seen.first : seen.first + len(seen.labels_b)]
        return own_bC @ self.logits_QC.to(own_bC.dtype).t()

    def _require_size(self, seen: Seen) -> None:
        size = seen.head.weight.shape[1]
        if size != self.dim:
            raise ConfigError(
                f"compat.method.beta={self.config.beta:g}: the classifier's centres have {size} "
                f"dimensions, old and new features are compared in {self.dim}; expected the same, "
                "since old features are classified. Set beta=0, or compat.dimensions=pad where the "
                "new embedding is the larger"
            )


def pulls(old_bd: Tensor, labels_b: Tensor, old_Qd: Tensor, labels_Q: Tensor) -> Tensor:
    """`[b, Q]` a_ij / |P_i| where the labels agree, else 0."""
    is_same_bQ = labels_b[:, None] == labels_Q
    number_b = is_same_bQ.sum(1).clamp(min=1)
    return is_same_bQ * (1 + old_bd @ old_Qd.t()) / 2 / number_b[:, None]


def contrast(products_bQ: Tensor, pull_bQ: Tensor, takes_part_Q: Tensor | None = None) -> Tensor:
    """`[b]` −Σ_j pull_ij log softmax_j products_ij.

    takes_part: slots of the softmax, None for all. A row without any is 0.
    """
    if takes_part_Q is not None:
        takes_part_Q = takes_part_Q | ~takes_part_Q.any()
        products_bQ = products_bQ.masked_fill(~takes_part_Q, -torch.inf)
    logs_bQ = log_softmax(products_bQ, 1)
    return -torch.where(pull_bQ > 0, pull_bQ * logs_bQ, 0.0).sum(1)
