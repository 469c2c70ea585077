"""Forward passes of a trainee that is spread over workers.

* `Replicated`: every worker holds the whole head and passes its own share of the batch.
* `Shared`: every worker holds some of the classes; embeddings and labels are gathered, and each
  passes the whole batch over its own classes.

Images of a tail (`frlib.train.tail`) go through the backbone behind those of the batch, in the same
pass, and past the head; their dispersion, over all workers, is added to the loss.

Gradients of what all workers hold alike are averaged during the backward pass, so loss and update
are those of one worker with the whole batch.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn

from frlib.heads._unit import directions
from frlib.heads.output import Decisions, HeadOutput
from frlib.heads.terms.dispersion import squared_cosines
from frlib.parallel.collectives import Group, gathered
from frlib.train.place import Place
from frlib.train.tail import Tail
from frlib.train.trainee import Trainee

Cast = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Piece:
    """b samples of this worker on its device. images: `[b + t, 3, S, S]` float. samples: numbers.

    number: of the pass, over the whole run; what a head draws depends on it. tail: settings of the
    t images that come last; None where there are none.
    """

    images: Tensor
    labels: Tensor
    samples: Tensor
    number: int
    tail: Tail | None = None


@dataclass(frozen=True)
class Passed:
    """embeddings: `[b, D]` raw. losses: `[b]`. decisions: on the b. All of this worker's samples.

    loss: mean over the samples that the head was given, with the tail's dispersion, to go backward
    from. The rest is detached. dispersion: without its weight; None without a tail.
    """

    loss: Tensor
    embeddings: Tensor
    losses: Tensor
    decisions: Decisions | None
    dispersion: Tensor | None = None


class Pass(Protocol):
    """One way to be spread."""

    def __call__(self, piece: Piece, epoch: int, cast: Cast) -> Passed:
        """The backbone runs under `cast`, the head in float32."""
        ...

    def without_averaging(self) -> AbstractContextManager[object]:
        """Within, gradients only add up on their worker: for all pieces of a step but the last."""
        ...


def spread(trainee: Trainee, place: Place) -> Pass:
    """The way that the trainee was built for."""
    return Shared(trainee, place) if trainee.shares_classes else Replicated(trainee, place)


class Replicated:
    """See above; also the one worker that is alone."""

    def __init__(self, trainee: Trainee, place: Place) -> None:
        self._net = _averaged(_Whole(trainee, place.group), place)

    def __call__(self, piece: Piece, epoch: int, cast: Cast) -> Passed:
        """One piece."""
        passed: Passed = self._net(piece, epoch, cast)
        return passed

    def without_averaging(self) -> AbstractContextManager[object]:
        """See `Pass`."""
        return _no_sync(self._net)


class Shared:
    """See above."""

    def __init__(self, trainee: Trainee, place: Place) -> None:
        self._head, self._group = trainee.head, place.group
        self._backbone = _averaged(trainee.backbone, place)

    def __call__(self, piece: Piece, epoch: int, cast: Cast) -> Passed:
        """One piece. The loss is that of the whole batch, on every worker."""
        with cast():
            every = self._backbone(piece.images)
        group, count = self._group, len(piece.labels)
        embeddings, behind = every[:count], every[count:]
        output: HeadOutput = self._head(
            gathered(_wide(embeddings), group, has_parts=True),
            group.all_gather(piece.labels),
            epoch=epoch,
            step=piece.number,
            samples_B=group.all_gather(piece.samples),
        )
        own = slice(group.rank * count, (group.rank + 1) * count)
        losses = output.losses_B.detach()[own]
        decisions = _part(output.decisions, own)
        passed = Passed(output.loss, embeddings.detach(), losses, decisions)
        return _with_tail(passed, behind, piece.tail, group)

    def without_averaging(self) -> AbstractContextManager[object]:
        """See `Pass`."""
        return _no_sync(self._backbone)


class _Whole(nn.Module):
    def __init__(self, trainee: Trainee, group: Group) -> None:
        super().__init__()
        self.trainee, self.group = trainee, group

    def forward(self, piece: Piece, epoch: int, cast: Cast) -> Passed:
        with cast():
            every = self.trainee.backbone(piece.images)
        embeddings, behind = every[: len(piece.labels)], every[len(piece.labels) :]
        output: HeadOutput = self.trainee.head(
            embeddings, piece.labels, epoch=epoch, step=piece.number, samples_B=piece.samples
        )
        losses = output.losses_B.detach()
        passed = Passed(output.loss, embeddings.detach(), losses, output.decisions)
        return _with_tail(passed, behind, piece.tail, self.group)


def _with_tail(passed: Passed, emb_tD: Tensor, tail: Tail | None, group: Group) -> Passed:
    """emb_tD: of the tail images of this worker, those of an identity one after the other."""
    if tail is None:
        return passed
    unit_tD = directions(_wide(emb_tD))
    sum_pD = unit_tD.view(-1, tail.images_per_identity, unit_tD.shape[1]).sum(1)
    dispersion = squared_cosines(gathered(sum_pD, group))
    loss = passed.loss + tail.weight * dispersion
    return replace(passed, loss=loss, dispersion=dispersion.detach())


def _wide(embeddings: Tensor) -> Tensor:
    """In float32 or wider."""
    return embeddings.to(torch.promote_types(embeddings.dtype, torch.float32))


def _averaged(net: nn.Module, place: Place) -> nn.Module:
    if place.group.size == 1 or not any(p.requires_grad for p in net.parameters()):
        return net
    if place.device.type == "cuda":
        return nn.parallel.DistributedDataParallel(
            net, device_ids=[place.device], forward_sync_buffers=False
        )
    spread_net = nn.parallel.DistributedDataParallel(net, forward_sync_buffers=False)
    spread_net.register_comm_hook(place.group, _one_by_one)
    return spread_net


def _one_by_one(group: Group, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
    """Averages the gradient of every parameter by itself.

    A sum over three workers or more depends on where a tensor lies in the bucket that is sent, and
    buckets are packed anew after the first step of an attempt: so a resumed run would differ from
    an undisturbed one in the last digits.
    """
    for gradient in bucket.gradients():
        gradient.copy_(group.mean(gradient))
    done: torch.futures.Future[Tensor] = torch.futures.Future()
    done.set_result(bucket.buffer())
    return done


def _no_sync(net: nn.Module) -> AbstractContextManager[object]:
    if isinstance(net, nn.parallel.DistributedDataParallel):
        context: AbstractContextManager[object] = net.no_sync()
        return context
    return nullcontext()


def _part(decisions: Decisions | None, own: slice) -> Decisions | None:
    if decisions is None:
        return None
    return replace(
        decisions,
        is_flagged_B=decisions.is_flagged_B[own],
        given_B=decisions.given_B[own],
        proposed_B=decisions.proposed_B[own],
        score_B=decisions.score_B[own],
    )
