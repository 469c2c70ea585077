"""Clipping and moving the parameters: the trainer's fused form against a tensor at a time.

The trainer does a whole step, with a network that hands out gradients instead of computing them.
Both forms move the same weights by the same gradients first, and must end at the same ones. The
floor is the traffic alone: gradients read for their norm, then read and written by the clipping;
gradient, weight and momentum read, and the last two written.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from frlib.bench import measure, plain_training
from frlib.bench.limits import Limits
from frlib.bench.train_case import COMPARED_STEPS, Shape
from frlib.bench.train_own import Trainer
from frlib.core.errors import BenchmarkError
from frlib.train.passes import Cast, Passed, Piece

PLAIN, OWN = "plain", "fused"
TOLERANCE = 1e-5
_PASSES, _BYTES = 8, 4


@dataclass(frozen=True, kw_only=True)
class UpdateResult:
    """One network and its head: milliseconds of an update (median, least, most).

    difference: of the weights after the first updates, relative, by their norm. floor: over `ms`.
    """

    name: str
    tensors: int
    parameters: int
    plain_ms: float
    ms: float
    least_ms: float
    most_ms: float
    faster: float
    floor: float
    difference: float


class Given:
    """A pass that computes nothing and leaves the gradients it was given."""

    def __init__(self) -> None:
        self.parameters: Sequence[nn.Parameter] = ()
        self.gradients: Sequence[Tensor] = ()

    def __call__(self, piece: Piece, epoch: int, cast: Cast) -> Passed:
        """A loss of 0 that depends on no parameter."""
        put(self.parameters, self.gradients)
        nothing = torch.zeros((), requires_grad=True)
        return Passed(nothing, nothing.detach(), nothing.detach(), None)

    def without_averaging(self) -> AbstractContextManager[object]:
        """There is one worker."""
        return nullcontext()


class Case:
    """`steps`: an update in either form. `renew` gives them the same gradients once more."""

    def __init__(self, shape: Shape) -> None:
        config, own = shape.config(), Given()
        trainer = Trainer(config, "float32", classes=shape.classes, images=shape.batch, net=own)
        self.own = own.parameters = _trained(trainer.state.trainee)
        self.plain = [nn.Parameter(p.detach().clone()) for p in self.own]
        draw = torch.Generator().manual_seed(3)
        self._source = [torch.empty_like(p).normal_(generator=draw) for p in self.own]
        own.gradients = [torch.empty_like(p) for p in self.own]
        self._gradients = [torch.empty_like(p) for p in self.own]
        self._handed_out = (own.gradients, self._gradients)
        self._update = plain_training.Update(
            self.plain, trainer.state.optimiser.defaults, config.optimiser.clip_norm
        )
        image, label = torch.zeros(1, 3, 1, 1), torch.zeros(1, dtype=torch.int64)
        self.steps: dict[str, measure.Step] = {
            PLAIN: self._plain,
            OWN: lambda: trainer(image, label),
        }

    @torch.no_grad()
    def renew(self) -> None:
        """Clipping shrank them in place."""
        for gradients in self._handed_out:
            torch._foreach_copy_(gradients, self._source)

    @torch.no_grad()
    def compared(self) -> float:
        """Relative difference of the weights after the first updates; `BenchmarkError` if any."""
        for _ in range(COMPARED_STEPS):
            for step in self.steps.values():
                self.renew()
                with torch.enable_grad():
                    step()
        pairs = list(zip(self.own, self.plain, strict=True))
        apart = max(float((a - b).norm() / b.norm()) for a, b in pairs if b.any())
        if not apart <= TOLERANCE:
            raise BenchmarkError(
                f"update: weights are {apart:.1e} apart after {COMPARED_STEPS} steps with the same "
                f"gradients (relative; {TOLERANCE:.0e} is allowed). Clipping, rate, momentum or "
                "decay differ. It was not timed"
            )
        return apart

    def _plain(self) -> None:
        put(self.plain, self._gradients)
        self._update()


def put(parameters: Sequence[nn.Parameter], gradients: Sequence[Tensor]) -> None:
    """Hand out gradients without a copy."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient


def measured(
    shape: Shape, repeats: int, *, machine: Limits, say: Callable[[str], None]
) -> UpdateResult:
    """One network."""
    say(f"update of {shape.name}")
    case = Case(shape)
    difference = case.compared()
    by = measure.clock(torch.device("cpu"), machine.threads)
    times = measure.interleaved(case.steps, by, repeats, case.renew)
    count = sum(p.numel() for p in case.own)
    plain_s, own = times[PLAIN].median_s, times[OWN]
    return UpdateResult(
        name=shape.name,
        tensors=len(case.own),
        parameters=count,
        plain_ms=1e3 * plain_s,
        ms=1e3 * own.median_s,
        least_ms=1e3 * own.least_s,
        most_ms=1e3 * own.most_s,
        faster=plain_s / own.median_s,
        floor=_PASSES * _BYTES * count / machine.copy_gbs / 1e9 / own.median_s,
        difference=difference,
    )


def _trained(net: nn.Module) -> list[nn.Parameter]:
    return [p for p in net.parameters() if p.requires_grad]
