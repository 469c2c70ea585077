"""What a cell's sampler knows: the arms of the cell as trials of an Optuna study. No Ray in here.

Arms on record that the journal lacks are added. Arms that are no points of the space (their values
lie outside, or they have a course of their own) are unknown to the sampler.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.search_space import IntersectionSearchSpace
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from frlib.core import discover
from frlib.core.config import digest, to_dict
from frlib.core.seeds import torch_seed
from frlib.core.space import Branches, IntUniform, Leaf, Point, Scalar, Uniform, keyed, walk
from frlib.samplers import Need
from frlib.study.arms import Arm, Cell
from frlib.study.search import Search
from frlib.study.selection import Selection

_FIRST_SEEDS = 2**31


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an arm ended: `complete`, `stopped` early at `step`, `failed`, or `unfinished`.

    value: of the selection metric. others: of the further objectives, in their order. excess: limit
    -> by how much it was broken; at most 0 where it was kept. is_child: of another arm, in a
    population.
    """

    arm: Arm
    status: str
    value: float | None = None
    step: int = 0
    others: tuple[float, ...] = ()
    excess: tuple[tuple[str, float], ...] = ()
    is_child: bool = False

    @property
    def is_barred(self) -> bool:
        """Whether it was never started, since it would have broken a limit."""
        return not self.step and any(value > 0 for _, value in self.excess)

    @property
    def values(self) -> tuple[float, ...] | None:
        """Of all objectives; None where one is missing or no number."""
        found = (math.nan if self.value is None else self.value, *self.others)
        return found if all(math.isfinite(v) for v in found) else None


def name_of(cell: Cell, selection: Selection) -> str:
    """The Optuna study of a cell: other objectives and other spaces have memories of their own."""
    shown = ", ".join(f"{path}={value}" for path, value in cell.shown.items())
    identity = {
        "cell": cell.digest,
        "metrics": [selection.name, *(name for name, _ in selection.others)],
        "space": {path: to_dict(distribution) for path, distribution in cell.space.items()},
    }
    return f"{shown} · {digest(identity)[:8]}"


class Memory:
    """One cell's trials. Suggestions depend on the seed and on what is known, on nothing else."""

    def __init__(
        self, cell: Cell, search: Search, selection: Selection, storage: BaseStorage
    ) -> None:
        self._cell, self._search = cell, search
        modes = [selection.mode, *(mode for _, mode in selection.others)]
        self._count = len(modes)
        self._study = optuna.create_study(
            study_name=name_of(cell, selection),
            storage=storage,
            directions=["maximize" if mode == "max" else "minimize" for mode in modes],
            load_if_exists=True,
        )
        if not self._study.user_attrs:
            with _trying():
                self._study.set_metric_names([selection.name, *(n for n, _ in selection.others)])
            self._study.set_user_attr("cell", dict(cell.shown))
        self._study.sampler = optuna.samplers.RandomSampler()
        self._open = {
            trial.number: Trial(self._study, trial._trial_id)
            for trial in self._all()
            if trial.state is TrialState.RUNNING
        }
        self._common = IntersectionSearchSpace(include_pruned=True)
        self._looked, self._whole, self._half = 0, 0, list[int]()
        self._has_branches = any(isinstance(d, Branches) for d in cell.space.values())

    def trials(self) -> Iterator[tuple[int, str, Point | None, bool]]:
        """(number, arm, point, whether it is running) of all.

        The arm is empty where `name` was never told; the point is None for half-asked ones.
        """
        for trial in self._all():
            name, is_running = trial.user_attrs.get("arm", ""), trial.state is TrialState.RUNNING
            yield trial.number, name, self._point(trial), is_running

    def suggest(self, point: Point | None = None) -> tuple[int, dict[str, Scalar]]:
        """A new trial: of the sampler's choice, or at `point`, which must be in the space."""
        if point is not None:
            placed = keyed(self._cell.space, point)
            assert placed is not None, "only points of the space are suggested"
            self._study.enqueue_trial({key: value for key, (_, value) in placed.items()})
        else:
            self._study.sampler = self._sampler()
        trial = self._study.ask()
        self._open[trial.number] = trial

        def choose(path: str, key: str, leaf: Leaf) -> Scalar:
            return _suggested(trial, key, leaf)

        return trial.number, walk(self._cell.space, choose)

    def name(self, number: int, arm: str) -> None:
        """Note which arm a trial is."""
        self._open[number].set_user_attr("arm", arm)

    def drop(self, number: int) -> None:
        """A trial that comes to nothing: half-asked, asked twice, or of no meaning."""
        self._open.pop(number)
        self._study.tell(number, state=TrialState.FAIL)

    def tell(self, number: int, outcome: Outcome) -> None:
        """How the arm of a trial ended."""
        trial, values = self._open.pop(number), outcome.values
        for limit, excess in outcome.excess:
            trial.set_constraint(limit, excess)
        state = _state(outcome)
        if state is TrialState.COMPLETE:
            self._study.tell(number, values)
            return
        if state is TrialState.PRUNED and self._count == 1 and values is not None:
            trial.report(values[0], outcome.step)
        self._study.tell(number, state=state)

    def add(self, outcome: Outcome) -> None:
        """An arm that was never suggested: a cell's own, or one that only the records know."""
        placed, state = keyed(self._cell.space, outcome.arm.params), _state(outcome)
        if placed is None or state is TrialState.FAIL:
            return
        values = outcome.values
        single = self._count == 1 and values is not None
        self._study.add_trial(
            create_trial(
                params={key: value for key, (_, value) in placed.items()},
                distributions={key: to_optuna(leaf) for key, (leaf, _) in placed.items()},
                values=values if state is TrialState.COMPLETE else None,
                intermediate_values={outcome.step: values[0]} if single and values else {},
                state=state,
                user_attrs={"arm": outcome.arm.digest},
                constraints=dict(outcome.excess),
            )
        )

    def _sampler(self) -> optuna.samplers.BaseSampler:
        """Built anew, seeded by the number of the proposal: a half-asked one is none."""
        config, seed = self._search.sampler, self._search.seed
        names, asked = ("search", self._cell.digest), self._asked()
        need = Need(
            seed=torch_seed(seed, *names, asked) % _FIRST_SEEDS,
            study_seed=torch_seed(seed, *names) % _FIRST_SEEDS,
            arms=self._search.arms_per_cell,
            has_branches=self._has_branches,
            common=self._common,
        )
        module = discover.load("frlib.samplers", config.name)
        with _trying():
            built: optuna.samplers.BaseSampler = module.build(config, need)
        return built

    def _asked(self) -> int:
        """Trials that have all of their values. They keep them: only others are looked at again."""
        trials = self._all()
        new = [*(trials[number] for number in self._half), *trials[self._looked :]]
        half = [trial for trial in new if not self._is_whole(trial)]
        self._whole += len(new) - len(half)
        self._half = [trial.number for trial in half if not trial.state.is_finished()]
        self._looked = len(trials)
        return self._whole

    def _all(self) -> Sequence[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _is_whole(self, trial: FrozenTrial) -> bool:
        return self._point(trial) is not None

    def _point(self, trial: FrozenTrial) -> Point | None:
        try:
            return walk(self._cell.space, lambda path, key, leaf: trial.params[key])
        except KeyError:
            return None


@contextmanager
def _trying() -> Iterator[None]:
    """Without Optuna's warning that something may change: its version is bounded here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def to_optuna(leaf: Leaf) -> BaseDistribution:
    """Our distribution in Optuna's words."""
    if isinstance(leaf, Uniform):
        return FloatDistribution(leaf.low, leaf.high, log=leaf.log)
    if isinstance(leaf, IntUniform):
        return IntDistribution(leaf.low, leaf.high, log=leaf.log)
    return CategoricalDistribution(leaf.values)


def _suggested(trial: Trial, key: str, leaf: Leaf) -> Any:
    if isinstance(leaf, Uniform):
        return trial.suggest_float(key, leaf.low, leaf.high, log=leaf.log)
    if isinstance(leaf, IntUniform):
        return trial.suggest_int(key, leaf.low, leaf.high, log=leaf.log)
    return trial.suggest_categorical(key, leaf.values)


def _state(outcome: Outcome) -> TrialState:
    is_over = any(excess > 0 for _, excess in outcome.excess)
    if outcome.status == "complete" and outcome.values is not None:
        return TrialState.COMPLETE
    if outcome.status == "stopped" and (is_over or outcome.values is not None):
        return TrialState.PRUNED
    return TrialState.FAIL
