"""Which arm a cell tries next: its default first, then what Optuna proposes. No Ray in here.

The Optuna study of a cell lives in a journal file beside the records and can be opened by itself.
Records are the truth: what they hold and the journal lacks is added, and a trial that was running
when the driver died is proposed again instead of being drawn anew.
"""

import itertools
import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState, create_trial

from frlib.core import safeio
from frlib.core.config import digest, to_dict
from frlib.core.seeds import torch_seed
from frlib.core.space import Distribution, IntUniform, Scalar, Uniform
from frlib.study.arms import Arm, Cell
from frlib.study.schema import Search, Selection

log = logging.getLogger(__name__)
_ATTEMPTS = 20


@dataclass(frozen=True)
class Recorded:
    """An arm on record: `complete` or `stopped` with its `value`, `failed`, or `unfinished`."""

    arm: Arm
    status: str
    value: float | None
    step: int = 0


def is_finite(value: float | None) -> bool:
    """Whether Optuna can be told this value."""
    return value is not None and math.isfinite(value)


def storage(path: Path) -> JournalStorage:
    """The journal of a study; one writer, any number of readers.

    A journal torn by a crash is set aside and begun anew from the lines before the damage; what is
    lost of it is in the records as well.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        lines = path.read_bytes().splitlines(keepends=True)
        whole = list(itertools.takewhile(_is_whole, lines))
        if len(whole) < len(lines):
            aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
            path.rename(aside)
            safeio.write_bytes(path, b"".join(whole))
            log.warning("%s: torn at line %d; set aside as %s", path, len(whole) + 1, aside.name)
    return JournalStorage(JournalFileBackend(str(path)))


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return line.endswith(b"\n")


def memory_name(cell: Cell, metric: str) -> str:
    """The Optuna study of a cell: other metrics and other spaces have memories of their own."""
    space = {path: to_dict(distribution) for path, distribution in cell.space.items()}
    return digest({"cell": cell.digest, "metric": metric, "space": space})


def to_optuna(distribution: Distribution) -> BaseDistribution:
    """Our distribution in Optuna's words."""
    if isinstance(distribution, Uniform):
        return FloatDistribution(distribution.low, distribution.high, log=distribution.log)
    if isinstance(distribution, IntUniform):
        return IntDistribution(distribution.low, distribution.high, log=distribution.log)
    return CategoricalDistribution(distribution.values)


class CellProposals:
    """Proposes up to `search.arms_per_cell` different arms of one cell."""

    def __init__(
        self,
        cell: Cell,
        search: Search,
        selection: Selection,
        recorded: Sequence[Recorded],
        journal: JournalStorage | None,
    ) -> None:
        self.cell = cell
        self._distributions = {path: to_optuna(d) for path, d in cell.space.items()}
        self._limit = search.arms_per_cell if self._distributions else 1
        self._done = {
            r.arm.digest for r in recorded if r.status in ("complete", "stopped", "failed")
        }
        self._queue = [r.arm for r in recorded if r.status == "unfinished"]
        self._numbers: dict[str, int] = {}
        self._study = None
        if self._limit > 1 and journal is not None:
            self._study = self._open(search, selection.name, selection.mode, journal)
            self._learn(recorded)
        known = self._done | {arm.digest for arm in self._queue}
        if cell.default.digest not in known:
            self._queue.insert(0, cell.default)
        self._proposed = set(self._done)

    @property
    def remaining(self) -> int:
        """Arms still to be proposed."""
        return max(0, self._limit - len(self._proposed))

    def propose(self) -> Arm | None:
        """The next arm to run, or None when the cell has had its share."""
        if not self.remaining:
            return None
        while self._queue:
            arm = self._queue.pop(0)
            if arm.digest not in self._proposed:
                self._proposed.add(arm.digest)
                return arm
        asked = self._ask() if self._study is not None else None
        if asked is None:
            self._limit = len(self._proposed)
            return None
        self._proposed.add(asked.digest)
        return asked

    def tell(self, arm: Arm, status: str, value: float | None, step: int) -> None:
        """The end of an arm: `complete` with its value, `stopped` early at `step`, or `failed`.

        An `unfinished` arm stays open: a later run proposes it again.
        """
        if self._study is None or status == "unfinished":
            return
        number = self._numbers.pop(arm.digest, None)
        if number is None:
            self._add(Recorded(arm, status, value, step))
            return
        if status == "complete" and is_finite(value):
            self._study.tell(number, value)
        elif status == "stopped" and is_finite(value):
            assert value is not None
            trial = optuna.trial.Trial(self._study, self._trial_id(number))
            trial.report(value, step)
            self._study.tell(number, state=TrialState.PRUNED)
        else:
            self._study.tell(number, state=TrialState.FAIL)

    def _open(
        self, search: Search, metric: str, mode: str, journal: JournalStorage
    ) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            study_name=memory_name(self.cell, metric),
            storage=journal,
            direction="maximize" if mode == "max" else "minimize",
            load_if_exists=True,
        )
        seed = torch_seed(search.seed, "search", self.cell.digest, len(study.trials)) % 2**31
        if search.sampler == "random":
            study.sampler = optuna.samplers.RandomSampler(seed=seed)
        else:
            start = min(10, max(3, search.arms_per_cell // 3))
            study.sampler = optuna.samplers.TPESampler(
                seed=seed, n_startup_trials=start, constant_liar=True
            )
        study.set_user_attr("cell", dict(self.cell.shown))
        return study

    def _learn(self, recorded: Sequence[Recorded]) -> None:
        """Bring journal and records together."""
        assert self._study is not None
        known = {r.arm.digest: r for r in recorded}
        seen = set()
        for trial in self._study.trials:
            if set(trial.params) != set(self._distributions):
                if trial.state is TrialState.RUNNING:
                    self._study.tell(trial.number, state=TrialState.FAIL)
                continue
            arm = self.cell.arm(trial.params)
            seen.add(arm.digest)
            if trial.state is not TrialState.RUNNING:
                continue
            self._numbers[arm.digest] = trial.number
            found = known.get(arm.digest)
            if found is None or found.status == "unfinished":
                self._queue = [a for a in self._queue if a.digest != arm.digest] + [arm]
            else:
                self.tell(arm, found.status, found.value, found.step)
        for name, found in known.items():
            if name not in seen and found.status != "unfinished":
                self._add(found)

    def _add(self, found: Recorded) -> None:
        assert self._study is not None
        inside = all(d.contains(found.arm.params[path]) for path, d in self.cell.space.items())
        if found.status not in ("complete", "stopped") or not is_finite(found.value) or not inside:
            return
        assert found.value is not None
        pruned = found.status == "stopped"
        self._study.add_trial(
            create_trial(
                params=dict(found.arm.params),
                distributions=self._distributions,
                value=None if pruned else found.value,
                intermediate_values={found.step: found.value},
                state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
                user_attrs={"arm": found.arm.digest},
            )
        )

    def _ask(self) -> Arm | None:
        assert self._study is not None
        for _ in range(_ATTEMPTS):
            trial = self._study.ask(self._distributions)
            params: Mapping[str, Scalar] = trial.params
            arm = self.cell.arm(params)
            if arm.digest not in self._proposed:
                trial.set_user_attr("arm", arm.digest)
                self._numbers[arm.digest] = trial.number
                return arm
            self._study.tell(trial, state=TrialState.FAIL)
        log.info("%s: the search space is used up", dict(self.cell.shown))
        return None

    def _trial_id(self, number: int) -> int:
        assert self._study is not None
        return self._study.trials[number]._trial_id
