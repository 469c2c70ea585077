"""One head at one size: the same batch and weight for every form, and a step for each.

B batch, D embedding, C classes, K centres per class, R = C · K rows of the weight.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from frlib.bench import measure, onehot
from frlib.core.config import with_path
from frlib.core.errors import BenchmarkError
from frlib.heads.build import build
from frlib.heads.config import HeadConfig

ONE_HOT, FUSED, REFERENCE, BF16, FLOOR = "one-hot", "fused", "reference", "bf16", "floor"
FIELDS = {
    FUSED: {"form": "fused", "logits": "float32"},
    REFERENCE: {"form": "reference", "logits": "float32"},
    BF16: {"form": "fused", "logits": "bfloat16"},
}
_EXACT = (1e-4, 1e-3)
TOLERANCE = {FUSED: _EXACT, REFERENCE: _EXACT, BF16: (5e-3, 5e-2)}
LATE_EPOCH = 1000
FLAGGED_RATIO = 0.1


@dataclass(frozen=True)
class Shape:
    """Batch, dimension and classes, and where the tensors live (`cpu`, `cuda`, `cuda:1`)."""

    batch: int
    dim: int
    classes: int
    device: str


class Passed(NamedTuple):
    """Scalar loss, and whatever else a training step would still hold at its end."""

    loss: Tensor
    output: Any


@dataclass(frozen=True)
class Error:
    """Relative to the one-hot form: of the loss, and of gradients by the norm of the difference."""

    loss: float
    grad_emb: float
    grad_weight: float


class Case:
    """`steps`: forward and backward of the one-hot form, of frlib's `forms`, and of the floor."""

    def __init__(self, config: HeadConfig, shape: Shape, forms: tuple[str, ...]) -> None:
        self.name, self.shape, self.forms = config.name, shape, forms
        classes, device = shape.classes, torch.device(shape.device)
        heads = {
            form: build(_with(config, FIELDS[form]), classes, shape.dim, seed=0) for form in forms
        }
        self.weight_RD = nn.Parameter(heads[forms[0]].weight.detach().to(device))
        for head in heads.values():
            head.weight = self.weight_RD
            head.to(device)
        emb_BD, labels_B = batch(self.weight_RD.detach(), classes, shape.batch)
        self.emb_BD = emb_BD.requires_grad_()
        self.labels_B = labels_B
        rows = len(self.weight_RD)
        self.centres = rows // classes
        draw = torch.Generator().manual_seed(2)
        self.grad_BR = torch.randn(shape.batch, rows, generator=draw).to(device) / rows
        self._forward: dict[str, Callable[[], Passed]] = {
            ONE_HOT: partial(self._one_hot, onehot.build(config))
        } | {form: partial(self._head, head) for form, head in heads.items()}
        self.steps: Mapping[str, measure.Step] = {
            form: partial(self._step, form) for form in self._forward
        } | {FLOOR: self._three_matmuls}

    def forget(self) -> None:
        """Drop the gradients, as an optimiser does between steps."""
        self.emb_BD.grad = self.weight_RD.grad = None

    def compared(self) -> tuple[dict[str, Error], int]:
        """Error of every form, and how many samples frlib's first form relabelled.

        `BenchmarkError` when a form is not the one-hot loss up to `TOLERANCE`.
        """
        wanted, _ = self._gradients(ONE_HOT)
        errors = {ONE_HOT: Error(0.0, 0.0, 0.0)}
        flagged = {}
        for form in self.forms:
            found, output = self._gradients(form)
            error = Error(*(_relative(a, b) for a, b in zip(found, wanted, strict=True)))
            self._require(form, error)
            errors[form] = error
            flagged[form] = 0 if output.decisions is None else len(output.decisions.flagged()[0])
        return errors, flagged[self.forms[0]]

    def _require(self, form: str, error: Error) -> None:
        loss, grad = TOLERANCE[form]
        if error.loss <= loss and error.grad_emb <= grad and error.grad_weight <= grad:
            return
        raise BenchmarkError(
            f"head {self.name}, {self.shape.classes} classes: the {form} form differs from the "
            f"one-hot form by {error.loss:.1e} in the loss, {error.grad_emb:.1e} in the gradient "
            f"of the embeddings and {error.grad_weight:.1e} in that of the weight (relative; "
            f"{loss:.0e} and {grad:.0e} are allowed). One of the two is wrong: compare them with "
            f"the formula of `frlib head show {self.name}`. It was not timed"
        )

    def _gradients(self, form: str) -> tuple[tuple[Tensor, Tensor, Tensor], Any]:
        """Loss, gradients of embeddings and weight; and the form's output."""
        self.forget()
        loss, output = self._step(form)
        grad_emb, grad_weight = self.emb_BD.grad, self.weight_RD.grad
        self.forget()
        assert grad_emb is not None and grad_weight is not None
        return (loss.detach(), grad_emb, grad_weight), output

    def _step(self, form: str) -> Passed:
        passed = self._forward[form]()
        passed.loss.backward()
        return passed

    def _one_hot(self, loss: onehot.Loss) -> Passed:
        return Passed(loss(self.emb_BD, self.weight_RD, self.labels_B), None)

    def _head(self, head: nn.Module) -> Passed:
        output = head(self.emb_BD, self.labels_B, epoch=LATE_EPOCH)
        return Passed(output.loss, output)

    @torch.no_grad()
    def _three_matmuls(self) -> tuple[Tensor, Tensor, Tensor]:
        """`[B, R]`, `[B, D]` and `[R, D]`, newly allocated, as autograd would."""
        cos_BR = self.emb_BD @ self.weight_RD.T
        return cos_BR, self.grad_BR @ self.weight_RD, self.grad_BR.T @ self.emb_BD


def batch(weight_RD: Tensor, classes: int, size: int) -> tuple[Tensor, Tensor]:
    """Embeddings `[B, D]` and labels `[B]`, the same on every call, not separable.

    Cosines to the own centre lie between 0.05 and 0.9, so that many negatives are hard. A tenth of
    the samples lies at 0.9 of another class's centre instead: the ones that get relabelled.
    """
    draw = torch.Generator().manual_seed(1)
    centres = len(weight_RD) // classes
    labels_B = torch.randint(classes, (size,), generator=draw)
    cos_B = torch.linspace(0.05, 0.9, size)[torch.randperm(size, generator=draw)]
    near_B = labels_B.clone()
    flagged = round(FLAGGED_RATIO * size)
    near_B[:flagged] = (labels_B[:flagged] + classes // 2) % classes
    cos_B[:flagged] = 0.9
    rows_B = near_B * centres + torch.randint(centres, (size,), generator=draw)
    centre_BD = normalize(weight_RD[rows_B.to(weight_RD.device)].cpu())
    noise_BD = torch.randn(centre_BD.shape, generator=draw)
    noise_BD = normalize(noise_BD - (noise_BD * centre_BD).sum(1, keepdim=True) * centre_BD)
    length_B1 = 5 + 20 * torch.rand(size, 1, generator=draw)
    emb_BD = cos_B[:, None] * centre_BD + (1 - cos_B[:, None] ** 2).sqrt() * noise_BD
    return (length_B1 * emb_BD).to(weight_RD.device), labels_B.to(weight_RD.device)


def _with(config: HeadConfig, fields: dict[str, str]) -> HeadConfig:
    for name, value in fields.items():
        config = with_path(config, name, value)
    return config


def _relative(found: Tensor, wanted: Tensor) -> float:
    norm = torch.linalg.vector_norm
    return float(norm(found - wanted) / norm(wanted))
