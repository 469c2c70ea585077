"""What decisions cost in training: taking them in the head, and writing them down.

CPU time of one thread, as shares of a whole step of `tiny`, the network that leaves the head its
largest share. The boundary head with λ = 0, whose decisions are all that it adds, takes turns with
itself before they begin, on one batch: in whole steps the difference would drown in their noise.
Writing down is timed over an epoch of a large set, its end included.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from frlib.bench import case, denoise_case, measure
from frlib.bench.train_own import median_step_s
from frlib.data.config import DataConfig
from frlib.data.sources import synth
from frlib.heads.build import build
from frlib.heads.head import Head
from frlib.heads.output import Decisions
from frlib.heads.presets import boundary
from frlib.train.config import TrainConfig
from frlib.train.place import Place
from frlib.train.verdicts import VerdictLog

_OFF, _ON = "off", "on"
_NEVER = 1_000_000
_DIM = 512


@dataclass(frozen=True, kw_only=True)
class Shape:
    """side: pixels. batch: images of a step. classes: of the head. samples: of an epoch.

    repeats: timed steps; the head is timed ten times as often.
    """

    side: int = 112
    batch: int = 128
    classes: int = 10_000
    samples: int = 1_000_000
    repeats: int = 5

    @property
    def steps(self) -> int:
        """Of an epoch."""
        return max(1, self.samples // self.batch)


@dataclass(frozen=True, kw_only=True)
class RecordResult:
    """Milliseconds, medians. flagged: share of the samples that are.

    step_ms: of a whole step. off_ms, on_ms: forward and backward of the head without and with
    decisions, ± half the range of either. taken: what they add, as a share of the step. add_ms:
    writing down a step's. close_ms: gathering and scoring an epoch's. recorded: share of a step
    that the two take.
    """

    shape: Shape
    flagged: float
    step_ms: float
    off_ms: float
    on_ms: float
    spread_ms: float
    taken: float
    add_ms: float
    close_ms: float
    recorded: float


def measured(shape: Shape, *, say: Callable[[str], None]) -> RecordResult:
    """In this process, with one thread."""
    with measure.threads(1):
        say("decisions: a step")
        step_s = _step(shape)
        say("decisions: the head")
        times = _head(shape)
        say("decisions: an epoch written down")
        add_s, close_s = _epoch(shape)
    off, on = times[_OFF], times[_ON]
    return RecordResult(
        shape=shape,
        flagged=case.FLAGGED_RATIO,
        step_ms=1e3 * step_s,
        off_ms=1e3 * off.median_s,
        on_ms=1e3 * on.median_s,
        spread_ms=1e3 * max(one.most_s - one.least_s for one in (off, on)) / 2,
        taken=(on.median_s - off.median_s) / step_s,
        add_ms=1e3 * add_s / shape.steps,
        close_ms=1e3 * close_s,
        recorded=(add_s + close_s) / shape.steps / step_s,
    )


def _step(shape: Shape) -> float:
    """Median seconds, decisions off."""
    config = TrainConfig(
        data=DataConfig(train=synth.Config(), size=shape.side),
        backbone={"name": "tiny"},
        head=_boundary(_NEVER),
        batch_size=shape.batch,
    )
    return median_step_s(config, classes=shape.classes, repeats=shape.repeats)


def _head(shape: Shape) -> dict[str, measure.Timing]:
    """Forward and backward on the same embeddings, a tenth of which belongs elsewhere."""
    heads = _heads(shape)
    emb_BD, labels_B = case.batch(heads[_OFF].weight.detach(), shape.classes, shape.batch)
    emb_BD.requires_grad_()

    def step_of(name: str) -> Callable[[], object]:
        def step() -> object:
            output = heads[name](emb_BD, labels_B, epoch=0)
            output.loss.backward()
            return output

        return step

    def forget() -> None:
        emb_BD.grad = None
        for head in heads.values():
            head.weight.grad = None

    steps = {name: step_of(name) for name in heads}
    for step in steps.values():
        step()
    by = measure.clock(torch.device("cpu"), 1)
    return measure.interleaved(steps, by, 10 * shape.repeats, forget)


def _heads(shape: Shape) -> dict[str, Head]:
    return {
        name: build(_boundary(first), shape.classes, _DIM, seed=0)
        for name, first in ((_OFF, _NEVER), (_ON, 0))
    }


def _boundary(first_corrected_epoch: int) -> boundary.Config:
    return boundary.Config(lam=0.0, first_corrected_epoch=first_corrected_epoch)


def _epoch(shape: Shape) -> tuple[float, float]:
    """CPU seconds of all that is added in an epoch, and of its end."""
    classes = min(shape.classes, shape.samples)
    manifest = denoise_case.manifest(
        denoise_case.Shape(samples=shape.samples, classes=classes, centres=1)
    )
    place = Place(torch.device("cpu"))
    log = VerdictLog(manifest, place.group, place.device)
    draw = torch.Generator().manual_seed(2)
    order = torch.randperm(shape.samples, generator=draw)
    given = torch.from_numpy(manifest.labels)
    by = measure.clock(place.device, 1)
    added = 0.0
    for step in range(shape.steps):
        rows = order[step * shape.batch : (step + 1) * shape.batch]
        decisions = Decisions(
            kind="boundary",
            is_flagged_B=torch.rand(len(rows), generator=draw) < case.FLAGGED_RATIO,
            given_B=given[rows],
            proposed_B=torch.randint(classes, (len(rows),), generator=draw),
            score_B=torch.rand(len(rows), generator=draw),
        )
        start = by.read()
        log.add(step, rows, decisions)
        added += by.read() - start
    start = by.read()
    log.close()
    return added, by.read() - start
