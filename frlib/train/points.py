"""The curves of a run between its epochs: a point every so many steps, mean over the workers."""

import torch
from torch import Tensor

from frlib.parallel.collectives import Group
from frlib.train.state import State
from frlib.train.step import Done


class Points:
    """Collects steps on the device; the host waits for it at a point alone."""

    def __init__(self, every: int, group: Group) -> None:
        self._every, self._group = every, group
        self._losses: list[Tensor] = []

    def add(self, state: State, done: Done, lr: float) -> dict[str, float] | None:
        """Take a step; the row of a point if one is due.

        `steps/loss`: mean of the finite ones since the last point of this pass. `steps/norm`: of
        the gradient, `steps/alike`: mean cosine of different embeddings, both of this step.
        `schedule/*`: the rule's own numbers.
        """
        self._losses.append(done.loss)
        if state.step % self._every:
            return None
        losses = torch.stack(self._losses)
        self._losses.clear()
        good = losses[torch.isfinite(losses)]
        own = torch.stack(
            [good.mean(), done.norm.to(losses), mean_cosine(done.embeddings).to(losses)]
        )
        loss, norm, alike = self._group.mean(own).tolist()
        rule = {f"schedule/{n}": float(v) for n, v in state.schedule.numbers().items()}
        return {
            "steps/loss": loss,
            "steps/lr": lr,
            "steps/norm": norm,
            "steps/alike": alike,
            **rule,
        }


def mean_cosine(emb_BD: Tensor) -> Tensor:
    """Mean cosine over the pairs of different rows: (|Σ u|² - B) / (B (B - 1)), u of length 1."""
    count = len(emb_BD)
    if count < 2:
        return emb_BD.new_zeros(())
    unit_BD = torch.nn.functional.normalize(emb_BD.float())
    return (unit_BD.sum(0).square().sum() - count) / (count * (count - 1))
