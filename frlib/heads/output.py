"""What a head returns. B batch, C classes held by this worker, n flagged samples."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Decisions:
    """Verdicts on samples of one batch, `[n]` tensors on the head's device, ordered by position.

    position: int64, place in the batch. given, proposed: int64, labels. score: how far the proposed
    class exceeds the given one, in cosine units (> 0).
    """

    kind: str
    position: Tensor
    given: Tensor
    proposed: Tensor
    score: Tensor


@dataclass(frozen=True)
class HeadOutput:
    """loss = ce + sum of extra: scalars, means over the local batch.

    logits_BC: after margin and scale, before the softmax. labels_B: those the loss used.
    decisions: None while no rule is active; empty when one is and flagged nothing.
    """

    loss: Tensor
    ce: Tensor
    extra: dict[str, Tensor]
    logits_BC: Tensor
    labels_B: Tensor
    decisions: Decisions | None
