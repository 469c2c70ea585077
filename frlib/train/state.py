"""Everything of a run that must survive a crash, in one place, laid out as one worker holds it.

So a state goes on with any number of workers and any way of sharing out the classes.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from frlib.core.errors import RecordError
from frlib.schedules import Rule
from frlib.train.average import Average
from frlib.train.followed import Followed
from frlib.train.loss_scale import LossScale
from frlib.train.stopping import Stopping
from frlib.train.trainee import Trainee

_EPOCH = ("losses", "flagged")


@dataclass
class Progress:
    """How far a run has come, as plain JSON types.

    epoch, step: done. rate: factor of the learning rate, below 1 after going back. skipped,
    rolled_back: steps left out, times gone back. score, waited: best selection value, and
    evaluations since. deciding: kind of the decisions of the epoch so far. last_row: metrics of the
    last epoch.
    """

    epoch: int = 0
    step: int = 0
    rate: float = 1.0
    skipped: int = 0
    rolled_back: int = 0
    score: float | None = None
    waited: int = 0
    deciding: str = ""
    last_row: dict[str, float] = field(default_factory=dict)

    def note(self, score: float, stopping: Stopping) -> None:
        """Take a new selection value."""
        if stopping.is_better(score, self.score):
            self.score, self.waited = score, 0
        else:
            self.waited += 1


@dataclass
class State:
    """Model, optimiser, schedule, loss scale, average, progress, and the epoch that is not over.

    losses: `[n]` of its steps so far, mean over workers. flagged: `[m, 5]`, decisions on samples so
    far (`frlib.train.verdicts`). tail: what a run with a tail keeps (`frlib.train.tail_feed`), of
    one shape all along; filled in place. followed: losses of samples, where they are kept.
    at_score: selection value of the checkpoint it was restored from.
    """

    trainee: Trainee
    optimiser: torch.optim.Optimizer
    schedule: Rule
    scale: LossScale
    average: Average | None = None
    progress: Progress = field(default_factory=Progress)
    losses: Tensor = field(default_factory=lambda: torch.zeros(0))
    flagged: Tensor = field(default_factory=lambda: torch.zeros(0, 5, dtype=torch.float64))
    tail: dict[str, Tensor] = field(default_factory=dict)
    followed: Followed | None = None
    at_score: float | None = None

    @property
    def epoch(self) -> int:
        """Passes done."""
        return self.progress.epoch

    @property
    def step(self) -> int:
        """Steps done."""
        return self.progress.step

    @property
    def is_between_epochs(self) -> bool:
        """Whether no epoch is under way."""
        return not len(self.losses)

    def tensors(self, *, only_first: bool = False) -> dict[str, Tensor]:
        """Whole CPU copies: `model.*`, `optimiser.<what>.*`, `average.*`, `tail.*`, `epoch.*`, ...

        Every worker calls this; with `only_first` the others get nothing.
        """
        found = {
            prefix + name: tensor
            for prefix, own in self._parts().items()
            for name, tensor in self.trainee.gather(own, only_first=only_first).items()
        }
        if only_first and not found:
            return {}
        return found | {f"epoch.{n}": getattr(self, n).to("cpu", copy=True) for n in _EPOCH}

    def model(self, *, only_first: bool = False) -> dict[str, Tensor]:
        """Whole copies on the CPU of what is evaluated: averaged weights where they are kept."""
        own = self.trainee.state_dict()
        if self.average is not None:
            own |= self.average.tensors()
        kept = {name: tensor for name, tensor in own.items() if self.trainee.is_of_model(name)}
        return self.trainee.gather(kept, only_first=only_first)

    def evaluated(self) -> AbstractContextManager[None]:
        """Within, the trainee has the weights that count in evaluation."""
        return nullcontext() if self.average is None else self.average.in_place()

    def numbers(self) -> dict[str, Any]:
        """The rest, as plain JSON types."""
        return {
            **asdict(self.progress),
            "schedule": self.schedule.numbers(),
            "scale": self.scale.numbers(),
            "classes": self.trainee.head.shard.num_classes,
        }

    def restore(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        """Continue exactly where `tensors` and `numbers` were taken.

        `RecordError`, with nothing changed, if they are of another model or number of classes.
        """
        self._check(tensors, numbers)
        for prefix, own in self._parts().items():
            whole = {name: tensors[prefix + name] for name in own}
            self.trainee.put(own, whole)
        device = next(self.trainee.backbone.parameters()).device
        for name in _EPOCH:
            setattr(self, name, tensors[f"epoch.{name}"].to(device))
        self.progress = Progress(**{name: numbers[name] for name in asdict(Progress())})
        self.at_score = numbers.get("at_score")
        self.schedule.restore(numbers["schedule"])
        self.scale.restore(numbers["scale"])

    def _parts(self) -> dict[str, dict[str, Tensor]]:
        """Prefix -> what this worker holds, under the names of the trainee's tensors."""
        parts = {"model.": dict(self.trainee.state_dict())}
        for name, parameter in self.trainee.named_parameters():
            for what, value in self.optimiser.state.get(parameter, {}).items():
                if torch.is_tensor(value):
                    parts.setdefault(f"optimiser.{what}.", {})[name] = value
        if self.average is not None:
            parts["average."] = self.average.tensors()
        if self.tail:
            parts["tail."] = self.tail
        if self.followed is not None:
            parts["followed."] = self.followed.tensors()
        return parts

    def _check(self, tensors: Mapping[str, Tensor], numbers: Mapping[str, Any]) -> None:
        classes = self.trainee.head.shard.num_classes
        if numbers.get("classes") != classes:
            raise RecordError(
                f"the checkpoint is of {numbers.get('classes')} classes, this run has {classes}. "
                "The training set or its noise is another one: start anew, in another store"
            )
        missing = {*asdict(Progress()), "schedule", "scale"} - numbers.keys()
        if missing:
            raise RecordError(
                f"the checkpoint has no {', '.join(sorted(missing))}: another version of frlib "
                "wrote it. Go on with that one, or start anew in another store"
            )
        wanted = {
            prefix + name: self.trainee.whole_shape(name, tensor)
            for prefix, own in self._parts().items()
            for name, tensor in own.items()
        }
        have = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        epoch = {f"epoch.{name}" for name in _EPOCH}
        odd = sorted(
            n for n in (have.keys() | wanted.keys()) - epoch if have.get(n) != wanted.get(n)
        )
        odd += sorted(epoch - have.keys())
        if odd:
            name = odd[0]
            raise RecordError(
                f"the checkpoint does not fit this model: {len(odd)} tensors differ, first {name} "
                f"({have.get(name, 'missing')}, expected {wanted.get(name, 'none')}). It is of "
                "another backbone, head or optimiser: use the config it was made with, or start "
                "anew in another store"
            )
