"""What a head returns. B batch, C classes held by this worker, n flagged samples."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Decisions:
    """Verdicts on the samples of one batch, `[B]` each, on the head's device.

    is_flagged: bool; the other columns mean something only where it holds. given, proposed: int64,
    labels. score: how far the proposed class exceeds the given one, in cosine units (> 0).
    """

    kind: str
    is_flagged_B: Tensor
    given_B: Tensor
    proposed_B: Tensor
    score_B: Tensor

    def flagged(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Position in the batch, given, proposed, score: `[n]` each. Waits for the device."""
        at = self.is_flagged_B.nonzero().squeeze(1)
        return at, self.given_B[at], self.proposed_B[at], self.score_B[at]


@dataclass(frozen=True)
class Summary:
    """A sample's logits in three numbers, `[B]`, detached.

    target: logit of the label trained on. negatives: the objective's reduction over the other
    classes. top: the largest of their logits, where the objective asked for it.
    """

    target_B: Tensor
    negatives_B: Tensor
    top_B: Tensor | None


@dataclass(frozen=True)
class HeadOutput:
    """loss = ce + sum of extra: scalars, means over the local batch.

    losses_B: each sample's loss, differentiable: for other reductions. A term that belongs to the
    whole batch counts in each of them. ce: the objective. logits_BC: after margin and scale, of
    the reference form alone; of this worker's classes that took part (`classes_C`, global numbers).
    labels_B: those the loss used. decisions: None while no rule is active.
    """

    loss: Tensor
    losses_B: Tensor
    ce: Tensor
    extra: dict[str, Tensor]
    labels_B: Tensor
    decisions: Decisions | None
    summary: Summary
    classes_C: Tensor
    logits_BC: Tensor | None
