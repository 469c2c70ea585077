"""Learning curves in place of training, for a study of thousands of arms: what its engine costs.

Two ways: in this process, which calls proposals, rules and verdicts as Ray Tune does and starts
nothing, or through Ray Tune, in trials that only read off their curve. Records are those of real
runs, with three metrics.
"""

import math
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.schedulers import TrialScheduler

from frlib.core.seeds import stream
from frlib.rayrun.session import Session
from frlib.rayrun.tally import Tally
from frlib.rayrun.verdicts import Tell
from frlib.records import layout
from frlib.records.ledger import EVERY_EPOCH
from frlib.records.write import RunWriter

_NOISE = 0.01
_KINDS = ("propose", "judge", "end", "play")
_LAST = 9


@dataclass
class Cost:
    """Seconds of CPU and wall time by what was done for so many arms.

    propose: the next arm, with what is written of it and of the search. judge: an epoch's result,
    by the rule of pruning. end: the verdict, and telling the search. play: the curves and their
    records, which a real study leaves to its trials. stopped: arms that the rule ended. last_s: CPU
    time of each of the last nine proposals.
    """

    arms: int = 0
    stopped: int = 0
    cpu_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_KINDS, 0.0))
    wall_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_KINDS, 0.0))
    last_s: deque[float] = field(default_factory=lambda: deque(maxlen=_LAST))

    @contextmanager
    def of(self, kind: str) -> Iterator[None]:
        """Adds the time of a block to its kind."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        spent = time.process_time() - cpu
        self.cpu_s[kind] += spent
        self.wall_s[kind] += time.perf_counter() - wall
        if kind == "propose":
            self.last_s.append(spent)


@dataclass
class _Trial:
    """As much of Tune's trial as its callbacks and schedulers look at."""

    trial_id: str
    config: dict[str, Any]
    results: Generator[dict[str, Any]]
    last_result: dict[str, Any] | None = None


class Simulation:
    """A session without a cluster, `at_a_time` arms in turn, an epoch each."""

    def __init__(self, session: Session, at_a_time: int) -> None:
        self._session, self._at_a_time = session, at_a_time
        self._tell = Tell(session.verdicts, session.spending, session.scheduler, session.failures)
        self._count = 0
        self._cost = Cost()

    def run(self, arms: int) -> Cost:
        """So many arms more, to their end; fewer where there are no more."""
        self._cost = Cost()
        running: deque[_Trial] = deque()
        begun = 0
        while True:
            while begun < arms and len(running) < self._at_a_time:
                trial = self._begun()
                if trial is None:
                    arms = begun
                    break
                running.append(trial)
                begun += 1
            if not running:
                return self._cost
            trial = running.popleft()
            if self._stepped(trial):
                running.append(trial)

    def _begun(self) -> _Trial | None:
        self._count += 1
        name = f"t{self._count}"
        with self._cost.of("propose"):
            order = self._session.searcher.suggest(name)
        if not isinstance(order, dict):
            return None
        self._tell.on_trial_start(0, [], trial := _Trial(name, order, played(order)))
        return trial

    def _stepped(self, trial: _Trial) -> bool:
        """One more epoch; False when the arm is over."""
        with self._cost.of("play"):
            result = next(trial.results)
        trial.last_result = result
        if not result["status"]:
            with self._cost.of("judge"):
                said = self._session.scheduler.on_trial_result(None, trial, result)  # type: ignore[arg-type]
                self._tell.on_trial_result(0, [], trial, result)
            if said == TrialScheduler.CONTINUE:
                return True
            self._cost.stopped += 1
            with self._cost.of("play"):
                trial.results.close()
        with self._cost.of("end"):
            self._session.searcher.on_trial_complete(trial.trial_id, result)
            self._tell.on_trial_complete(0, [], trial)
        self._cost.arms += 1
        return False


def trial(order: dict[str, Any]) -> None:
    """Tune's function: the curve of an arm, at once."""
    for result in played(order):
        tune.report(result)


def played(order: Mapping[str, Any]) -> Generator[dict[str, Any]]:
    """The results of an arm's only replicate, an epoch each, and its last one; all on record."""
    config, seed, metric = order["config"], order["seeds"][0], order["metric"]
    epochs = int(config["epochs"])
    tally = Tally(metric, epochs, params=order["params"])
    tally.begin()
    folder = layout.study_folder(Path(order["store"]), order["study"])
    with RunWriter(folder, study=order["study"], arm=order["arm"], seed=seed) as writer:
        values = curve(order["arm"], order["params"], epochs)
        for epoch, value in enumerate(values, start=1):
            row = {EVERY_EPOCH: 2.0 - value, metric: value, "made/up/accuracy": value}
            writer.log(row, epoch=epoch, step=epoch)
            yield tally.result(seed, row | {"epoch": epoch})
    tally.close(row)
    yield tally.end("complete")


def curve(arm: str, params: Mapping[str, Any], epochs: int) -> list[float]:
    """Selection metric after each epoch: towards 0.9, less what the values miss their best by.

    Noise follows from the arm's name alone, so that equal arms have equal curves.
    """
    missed = abs(float(params.get("head.margin", 0.25)) - 0.25)
    missed += 0.05 * abs(math.log10(float(params.get("optimiser.lr", 0.03))) + 1.5)
    noise = _NOISE * stream(int(arm[:12], 16), "checks", "curve").standard_normal(epochs)
    time_constant = max(1.0, epochs / 4)
    return [
        0.9 - missed - 0.3 * math.exp(-(epoch + 1) / time_constant) + float(noise[epoch])
        for epoch in range(epochs)
    ]
