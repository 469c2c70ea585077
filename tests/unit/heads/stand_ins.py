"""Columns whose cosines are written down by hand, and batches that go with them."""

from typing import Any

import torch
from torch import Tensor

from frlib.heads.batch import Batch
from frlib.heads.fused import Fused
from frlib.heads.reference import Reference
from frlib.heads.shard import Shard
from frlib.heads.similarity import dot
from frlib.heads.state import Numbers
from frlib.heads.survey import Survey
from frlib.parallel.collectives import SINGLE, Group


def columns(
    cos: list[list[float]] | Tensor, form: type[Reference] | type[Fused] = Reference
) -> Reference | Fused:
    """Inner products with the unit vectors: the embeddings are the cosines."""
    cos_BC = torch.as_tensor(cos, dtype=torch.float64)
    classes = cos_BC.shape[1]
    eye = torch.eye(classes, dtype=torch.float64, requires_grad=True)
    shard = Shard.of(classes)
    return form(cos_BC, eye, dot.Config(), shard, torch.arange(classes), True, torch.float64)


def batch(labels: list[int] | Tensor, classes: int, **changes: Any) -> Batch:
    """Embeddings of length 1, in training mode, in epoch 7."""
    given_B = torch.as_tensor(labels)
    data: Group = changes.pop("data", SINGLE)
    emb_BD = torch.ones(len(given_B), 1, dtype=torch.float64)
    values = {
        "emb_BD": emb_BD,
        "norms_B": emb_BD.norm(dim=1),
        "given_B": given_B,
        "samples_B": torch.arange(len(given_B)),
        "epoch": 7,
        "step": 0,
        "seed": 0,
        "is_training": True,
        "shard": Shard.of(classes),
        "data": data,
    }
    return Batch(**(values | changes))


def numbers(slot: Any, classes: int = 5, samples: int = 9) -> Numbers:
    """A slot's numbers in float64."""
    return Numbers(slot.state(classes), Shard.of(classes), samples).double()


def survey(cos: list[list[float]], labels: list[int], depth: int = 1) -> Survey:
    """Own and nearest other cosines."""
    return columns(cos).survey(torch.tensor(labels), depth=depth)
