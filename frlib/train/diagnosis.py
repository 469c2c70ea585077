"""What was not finite in a step, found by doing its passes once more with a look at every layer."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from frlib.train.passes import Pass, Piece
from frlib.train.state import State
from frlib.train.step import Manner, passes

_SHOWN = 5


@dataclass(frozen=True)
class Diagnosis:
    """Of one worker.

    layer: the first one, in order of computing, whose output is not finite; empty if none is.
    after: layers that were finite before it: all where none is not, one more with finite losses.
    largest: (layer, largest |output|) of the five largest. gradients: parameters whose gradient is
    not finite, in order of the network. samples: numbers of the images with such a loss.
    """

    layer: str
    after: int
    largest: tuple[tuple[str, float], ...]
    gradients: tuple[str, ...]
    samples: tuple[int, ...]
    loss: float
    scale: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; numbers that are not finite as texts."""
        return asdict(self) | {
            "largest": [[name, _plain(value)] for name, value in self.largest],
            "gradients": list(self.gradients),
            "samples": list(self.samples),
            "loss": _plain(self.loss),
            "scale": _plain(self.scale),
        }

    def __str__(self) -> str:
        """A few words for an error message."""
        where = f"first in the output of {self.layer}" if self.layer else "no layer's output"
        parts = [f"not finite: {where}"]
        if self.samples:
            parts.append(f"the loss of samples {_few(self.samples)}")
        if self.gradients:
            parts.append(f"gradients of {_few(self.gradients)}")
        largest = ", ".join(f"{name} {value:.3g}" for name, value in self.largest)
        parts.append(f"largest activations: {largest}")
        if self.scale != 1:
            parts.append(f"loss scale {self.scale:g}")
        return "; ".join(parts)


def diagnose(
    state: State, net: Pass, pieces: Sequence[Piece], manner: Manner, at_step: int
) -> Diagnosis:
    """Forward and backward again. Every worker calls this; nothing but gradients is left behind."""
    outputs: dict[str, tuple[bool, float]] = {}
    buffers = list(state.trainee.buffers())
    before = [buffer.clone() for buffer in buffers]
    state.optimiser.zero_grad(set_to_none=True)
    with ExitStack() as stack:
        stack.enter_context(torch.compiler.set_stance("force_eager"))  # compiled code has no hooks
        for name, layer in state.trainee.backbone.named_modules(prefix="backbone"):
            if not list(layer.children()):
                handle = layer.register_forward_hook(_noting(outputs, name))
                stack.callback(handle.remove)
        found = [one.losses for one in passes(state, net, pieces, manner, at_step)]
    losses, samples = torch.cat(found), torch.cat([piece.samples for piece in pieces])
    bad_parts = [
        name
        for name, p in state.trainee.named_parameters()
        if p.grad is not None and not bool(torch.isfinite(p.grad).all())
    ]
    state.optimiser.zero_grad(set_to_none=True)
    for buffer, old in zip(buffers, before, strict=True):
        buffer.copy_(old)
    bad_layers = [(at, name) for at, (name, (fine, _)) in enumerate(outputs.items()) if not fine]
    bad_samples = samples[~torch.isfinite(losses)].tolist()
    after, layer = bad_layers[0] if bad_layers else (len(outputs) + (not bad_samples), "")
    ranked = sorted(outputs.items(), key=lambda item: -_order(item[1][1]))
    return Diagnosis(
        layer=layer,
        after=after,
        largest=tuple((name, size) for name, (_, size) in ranked[:_SHOWN]),
        gradients=tuple(bad_parts),
        samples=tuple(bad_samples),
        loss=float(losses.mean()),
        scale=float(1 / state.scale.inverse()),
    )


def _noting(outputs: dict[str, tuple[bool, float]], name: str) -> Any:
    def note(layer: nn.Module, given: Any, output: Any) -> None:
        if torch.is_tensor(output) and output.numel():
            largest = float(output.detach().abs().max())
            is_finite = bool(torch.isfinite(output).all())
            old = outputs.get(name, (True, 0.0))
            outputs[name] = (old[0] and is_finite, max(old[1], largest, key=_order))

    return note


def _order(value: float) -> float:
    return float("inf") if value != value else value


def _plain(value: float) -> float | str:
    return value if abs(value) < float("inf") else str(value)


def _few(values: Sequence[Any]) -> str:
    more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    return ", ".join(str(value) for value in values[:_SHOWN]) + more
