"""One optimisation step: the pieces of a batch forward and backward, clip, update.

A step whose gradients are not finite moves no weight and no number of the optimiser; the device
decides that by itself, so nothing waits for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from frlib.heads.head import MovedRows
from frlib.heads.output import Decisions
from frlib.parallel.draws import Position
from frlib.train.clock import Clock
from frlib.train.frozen import joined, only_rows
from frlib.train.gradients import clip_factor, global_norm, multiply
from frlib.train.passes import Cast, Pass, Passed, Piece
from frlib.train.state import State


@dataclass(frozen=True)
class Manner:
    """How steps are done, the same for all of a run. share: samples of this worker in a step.

    clip_norm: 0 for none.
    """

    seed: int
    rank: int
    share: int
    batch_size: int
    clip_norm: float
    cast: Cast
    clock: Clock


@dataclass(frozen=True)
class Done:
    """A step on its device. loss: mean over this worker's share. norm: of the whole gradient.

    is_bad: it was not finite, and no smaller scale of the loss could help; nothing was moved.
    embeddings: `[b, D]` of the last piece. decisions: with the samples they are on. losses: samples
    and the loss of each, piece by piece. dispersion: of the tail, over all workers; None without
    one. parts: of the method of `compat`, piece by piece.
    """

    loss: Tensor
    norm: Tensor
    is_bad: Tensor
    embeddings: Tensor
    decisions: tuple[tuple[Tensor, Decisions], ...]
    losses: tuple[tuple[Tensor, Tensor], ...] = ()
    dispersion: Tensor | None = None
    parts: tuple[Mapping[str, Tensor], ...] = ()


def step(
    state: State,
    net: Pass,
    pieces: Sequence[Piece],
    manner: Manner,
    *,
    lr: float,
    hold: Tensor | None = None,
) -> Done:
    """Do the next step with a learning rate of `lr`. hold: a bool; true moves nothing.

    What belongs to classes that took no part stays as it is, if the head's config says so.
    """
    state.optimiser.zero_grad(set_to_none=True)
    passed: list[Passed] = []
    parts: dict[nn.Parameter, list[MovedRows]] = {}
    for one in passes(state, net, pieces, manner, state.step):
        passed.append(one)
        for part in state.trainee.head.moved_rows():
            parts.setdefault(part.parameter, []).append(part)
    loss = torch.stack([one.loss for one in passed]).mean()
    with manner.clock.device_span("update"):
        moved = [joined(own) for own in parts.values()]
        norm, is_bad = _update(state, manner, moved, loss, lr, hold)
    state.progress.step += 1
    return Done(
        loss,
        norm,
        is_bad,
        passed[-1].embeddings,
        tuple(
            (piece.samples, one.decisions)
            for piece, one in zip(pieces, passed, strict=True)
            if one.decisions is not None
        ),
        tuple((piece.samples, one.losses) for piece, one in zip(pieces, passed, strict=True)),
        passed[-1].dispersion,
        tuple(one.parts for one in passed),
    )


def passes(
    state: State, net: Pass, pieces: Sequence[Piece], manner: Manner, at_step: int
) -> Iterator[Passed]:
    """Every piece forward and backward; gradients add up to those of the mean over all pieces."""
    for number, piece in enumerate(pieces):
        before = number * manner.batch_size + manner.rank * manner.share
        first, count = before // len(pieces), len(piece.labels)
        where = Position(manner.seed, at_step, first, count, manner.batch_size)
        behind = len(piece.images) - count
        if behind:
            own = manner.batch_size + manner.rank * behind
            total = manner.batch_size + manner.batch_size // manner.share * behind
            where = replace(where, total=total, tail_first=own, tail_count=behind)
        for name, layer in state.trainee.drawing:
            layer.stand(name, where)
        is_last = number == len(pieces) - 1
        with nullcontext() if is_last else net.without_averaging():
            total = manner.batch_size // len(pieces)
            placed = replace(piece, first=manner.rank * count, total=total)
            with manner.clock.device_span("forward"):
                one = net(placed, state.epoch, manner.cast)
            with manner.clock.device_span("backward"):
                state.scale.scaled(one.loss / len(pieces)).backward()
        yield replace(one, loss=one.loss.detach())


def _update(
    state: State,
    manner: Manner,
    moved: Sequence[MovedRows],
    loss: Tensor,
    lr: float,
    hold: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Clip and move. moved: parameters of which some rows alone do. Norm, and whether it is bad."""
    trainee, optimiser, scale = state.trainee, state.optimiser, state.scale
    apart = [one.gradient for one in moved if one.gradient is not None]
    norm = global_norm(trainee, apart) * scale.inverse()
    is_finite = torch.isfinite(norm)
    factor = clip_factor(norm, manner.clip_norm) if manner.clip_norm > 0 else None
    if scale.is_on:
        factor = scale.inverse() if factor is None else factor * scale.inverse()
    if factor is not None:
        own = [p.grad for _, p in trainee.weights if p.grad is not None]
        multiply([*own, *apart], factor)
    for group in optimiser.param_groups:
        group["lr"] = lr * group["rate"]
    moves = is_finite if hold is None else is_finite & ~hold
    optimiser.found_inf = (~moves).to(torch.float32)  # type: ignore[attr-defined]
    with ExitStack() as stack:
        for one in moved:
            stack.enter_context(only_rows(optimiser, one))
        optimiser.step()
    is_lost = scale.is_least
    if scale.is_on:
        is_lost = is_lost | ~torch.isfinite(trainee.head.data.mean(loss))
    is_bad = ~is_finite & is_lost
    scale.update(is_finite)
    if state.average is not None:
        state.average.update(moves)
    return norm, is_bad
