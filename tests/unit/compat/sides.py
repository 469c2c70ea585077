"""An old side and passes that the tests make up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from frlib.compat import Method
from frlib.compat._classes import class_means, class_radius
from frlib.compat._term import Seen, Side, Term
from frlib.core import discover
from frlib.heads._unit import directions
from frlib.heads.build import build as build_head
from frlib.heads.head import Head
from frlib.heads.presets import arcface
from frlib.parallel.batchnorm import convert
from frlib.parallel.collectives import SINGLE, Group


def unit(rows: Tensor) -> Tensor:
    """Rows of length 1, or zero."""
    return directions(rows)


def side_of(
    num_classes: int,
    dim: int,
    made: Mapping[str, Tensor] | None = None,
    *,
    batch_size: int = 16,
    epochs: int = 35,
    seed: int = 0,
) -> Side:
    """What is known when a run begins."""
    return Side(num_classes, dim, batch_size, epochs, seed, made or {})


def seen_of(
    new_bD: Tensor,
    old_bd: Tensor,
    labels_b: Tensor,
    head: Head,
    *,
    credible_b: Tensor | None = None,
    group: Group = SINGLE,
    **told: Any,
) -> Seen:
    """A pass whose rows this worker and those of its group hold in equal shares."""
    count = len(labels_b)
    told = {"seed": 0, "step": 0, "epoch": 0, "progress": 0.0} | told
    return Seen(
        emb_bD=new_bD,
        unit_bd=directions(new_bD),
        old_bd=old_bd,
        old_bD=old_bd,
        labels_b=labels_b,
        credible_b=torch.ones(count, dtype=torch.bool) if credible_b is None else credible_b,
        first=group.rank * count,
        total=group.size * count,
        group=group,
        head=head,
        **told,
    )


CLASSES, DIM, ROWS, ABSENT = 5, 6, 8, 4
LATE = 12
"""An epoch in which every method is at work."""


@dataclass(frozen=True)
class World:
    """An old model's features of a set without images of class `ABSENT`, and batches of it."""

    side: Side
    old_Nd: Tensor
    labels_N: Tensor

    def batch(self, step: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """New embeddings, old features, labels, credible: `ROWS` of them; one has no old one."""
        draw = torch.Generator().manual_seed(step)
        rows = torch.randint(len(self.labels_N), (ROWS,), generator=draw)
        labels_b, old_bd = self.labels_N[rows].clone(), unit(self.old_Nd[rows])
        labels_b[1], old_bd[5] = ABSENT, 0
        new_bD = old_bd + torch.randn(ROWS, DIM, generator=draw, dtype=torch.float64)
        return 2 * new_bD, old_bd, labels_b, torch.rand(ROWS, generator=draw) < 0.8


def world(seed: int = 0, turn_DD: Tensor | None = None) -> World:
    """turn: applied to all that is old."""
    draw = torch.Generator().manual_seed(seed)
    labels_N = torch.randint(ABSENT, (60,), generator=draw)
    old_Nd = torch.randn(CLASSES, DIM, generator=draw, dtype=torch.float64)[labels_N]
    old_Nd = 3 * old_Nd + torch.randn(60, DIM, generator=draw, dtype=torch.float64)
    if turn_DD is not None:
        old_Nd = old_Nd @ turn_DD
    means_Cd, _ = class_means(old_Nd.numpy(), labels_N, CLASSES, "raw")
    reach = class_radius(old_Nd.numpy(), labels_N, CLASSES)
    made = {
        "means": torch.from_numpy(means_Cd),
        "classifier": unit(torch.from_numpy(means_Cd) + 0.1)
        * torch.tensor([1, 1, 1, 0, 0])[:, None],
        "centre": torch.from_numpy(reach.centre_Cd),
        "radius": torch.from_numpy(reach.radius_C),
        "count": torch.from_numpy(reach.count_C),
    }
    return World(side_of(CLASSES, DIM, made, batch_size=ROWS, seed=3), old_Nd, labels_N)


def term_of(config: Method, here: World) -> Term:
    """Its term in float64, as the trainer would have it."""
    built: Term = discover.load("frlib.compat", config.name).build(config, here.side)
    return built.double()


def head_of(classes: Group = SINGLE) -> Head:
    """An ArcFace head."""
    config = arcface.Config(form="reference")
    return build_head(config, CLASSES, DIM, seed=0, classes=classes).double()


def run(
    config: Method,
    here: World,
    group: Group = SINGLE,
    *,
    shares_classes: bool = False,
    steps: int = 2,
) -> dict[str, Tensor]:
    """A few passes of this worker and its group, by name: values, gradients, state.

    Gradients are those of the mean over the workers, and of the whole batch on each; those of class
    centres that are shared out are this worker's.
    """
    head, term = head_of(group if shares_classes else SINGLE), term_of(config, here)
    convert(term, group)
    found: dict[str, Tensor] = {}
    count = ROWS // group.size
    own = slice(group.rank * count, (group.rank + 1) * count)
    for step in range(steps):
        new_bD, old_bd, labels_b, credible_b = (values[own] for values in here.batch(step))
        leaf_bD = new_bD.clone().requires_grad_()
        seen = seen_of(
            leaf_bD, old_bd, labels_b, head, credible_b=credible_b, group=group, step=step,
            epoch=LATE, progress=0.4, seed=3,
        )  # fmt: skip
        mixed_bD = term.replaced(seen)
        parts = term(seen)
        loss = mixed_bD.square().mean() + sum(parts.values())
        loss.backward()
        assert leaf_bD.grad is not None
        found |= {f"{step} {name}": group.mean(value) for name, value in parts.items()}
        found[f"{step} mixed"] = group.all_gather(mixed_bD)
        found[f"{step} new"] = group.all_gather(leaf_bD.grad / group.size)
    for name, parameter in term.named_parameters():
        assert parameter.grad is not None, name
        found[f"d {name}"] = group.mean(parameter.grad)
    if head.weight.grad is not None:
        slope_RD = head.weight.grad
        found["centres"] = slope_RD if shares_classes else group.mean(slope_RD)
    return found | {f"state {name}": value.clone() for name, value in term.state_dict().items()}
