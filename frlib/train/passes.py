"""Forward passes of a trainee that is spread over workers.

* `Replicated`: every worker holds the whole head and passes its own share of the batch.
* `Shared`: every worker holds some of the classes; embeddings and labels are gathered, and each
  passes the whole batch over its own classes.

Images of a tail (`frlib.train.tail`) go through the backbone behind those of the batch, in the same
pass, and past the head; their dispersion, over all workers, is added to the loss.

Where there is an old model (`frlib.train.compatibility`), its method sees the embeddings of the
batch before the head does, and may replace some of them; parts of the loss are added to it.

Gradients of what all workers hold alike are averaged during the backward pass, so loss and update
are those of one worker with the whole batch.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn

from frlib.heads._unit import directions
from frlib.heads.head import Head
from frlib.heads.output import Decisions, HeadOutput
from frlib.heads.terms.dispersion import squared_cosines
from frlib.parallel.collectives import Group, gathered
from frlib.train.compatibility import OldRows, Where
from frlib.train.place import Place
from frlib.train.tail import Tail
from frlib.train.trainee import Trainee

Cast = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Piece:
    """b samples of this worker on its device. images: `[b + t, 3, S, S]` float. samples: numbers.

    number: of the pass, over the whole run; what a head draws depends on it. tail: settings of the
    t images that come last; None where there are none. old: old features of the b; None without an
    old model. first, total: place of the b among the samples of all workers in this pass.
    """

    images: Tensor
    labels: Tensor
    samples: Tensor
    number: int
    tail: Tail | None = None
    old: OldRows | None = None
    first: int = 0
    total: int = 0

    def where(self, epoch: int) -> Where:
        """Its rows, for the method of `compat`."""
        return Where(self.first, self.total, self.number, epoch)


@dataclass(frozen=True)
class Passed:
    """embeddings: `[b, D]` raw. losses: `[b]`. decisions: on the b. All of this worker's samples.

    loss: mean over the samples that the head was given, with the tail's dispersion, to go backward
    from. The rest is detached. dispersion: without its weight; None without a tail. parts: of the
    method of `compat`, of this worker; their mean over workers is the value.
    """

    loss: Tensor
    embeddings: Tensor
    losses: Tensor
    decisions: Decisions | None
    dispersion: Tensor | None = None
    parts: Mapping[str, Tensor] = field(default_factory=dict)


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
        self._compat = None if trainee.compat is None else _averaged(trainee.compat, place)

    def __call__(self, piece: Piece, epoch: int, cast: Cast) -> Passed:
        """One piece. The loss is that of the whole batch, on every worker."""
        with cast():
            every = self._backbone(piece.images)
        group, count = self._group, len(piece.labels)
        embeddings, behind = every[:count], every[count:]
        given, parts = _beside(self._compat, self._head, embeddings, piece, epoch)
        output: HeadOutput = self._head(
            gathered(_wide(given), group, has_parts=True),
            group.all_gather(piece.labels),
            epoch=epoch,
            step=piece.number,
            samples_B=group.all_gather(piece.samples),
        )
        own = slice(group.rank * count, (group.rank + 1) * count)
        losses = output.losses_B.detach()[own]
        decisions = _part(output.decisions, own)
        passed = Passed(output.loss, embeddings.detach(), losses, decisions)
        return _with_tail(_with_parts(passed, parts), behind, piece.tail, group)

    @contextmanager
    def without_averaging(self) -> Iterator[None]:
        """See `Pass`."""
        with ExitStack() as stack:
            for net in (self._backbone, self._compat):
                if net is not None:
                    stack.enter_context(_no_sync(net))
            yield


class _Whole(nn.Module):
    def __init__(self, trainee: Trainee, group: Group) -> None:
        super().__init__()
        self.trainee, self.group = trainee, group

    def forward(self, piece: Piece, epoch: int, cast: Cast) -> Passed:
        with cast():
            every = self.trainee.backbone(piece.images)
        embeddings, behind = every[: len(piece.labels)], every[len(piece.labels) :]
        head = self.trainee.head
        given, parts = _beside(self.trainee.compat, head, embeddings, piece, epoch)
        output: HeadOutput = head(
            given, piece.labels, epoch=epoch, step=piece.number, samples_B=piece.samples
        )
        losses = output.losses_B.detach()
        passed = Passed(output.loss, embeddings.detach(), losses, output.decisions)
        return _with_tail(_with_parts(passed, parts), behind, piece.tail, self.group)


def _beside(
    compat: nn.Module | None, head: Head, emb_bD: Tensor, piece: Piece, epoch: int
) -> tuple[Tensor, dict[str, Tensor]]:
    """What the head is given, and the parts of the loss that the method adds."""
    if compat is None:
        return emb_bD, {}
    assert piece.old is not None, "a run with an old model has its features"
    with torch.autocast(emb_bD.device.type, enabled=False):
        found: tuple[Tensor, dict[str, Tensor]] = compat(
            emb_bD, piece.old, piece.labels, piece.where(epoch), head
        )
    return found


def _with_parts(passed: Passed, parts: dict[str, Tensor]) -> Passed:
    if not parts:
        return passed
    loss = passed.loss + torch.stack(list(parts.values())).sum()
    return replace(passed, loss=loss, parts={n: part.detach() for n, part in parts.items()})


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
