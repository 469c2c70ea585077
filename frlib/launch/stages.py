"""Which outputs of stages a study needs, and which of them its store has. Nothing is made here."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from frlib.artifacts.store import Artifacts
from frlib.core import safeio
from frlib.core.errors import ConfigError
from frlib.core.seeds import stream
from frlib.core.space import IntUniform, Leaf, OneOf, Scalar, walk
from frlib.records import ledger
from frlib.stages import costs, digests, digests_by_seed
from frlib.study.arms import Cell, Datasets
from frlib.study.outputs import Count, Output, Outputs, has_stages
from frlib.study.plan import CellPlan, Plan
from frlib.train import staged
from frlib.train.config import TrainConfig

_DRAWS = 32
"""Arms that stand for all those of a cell that are not proposed yet."""


def needed(plan: Plan) -> Outputs:
    """Those that the runs still to do need, at most; each once, whoever shares it.

    Of arms that a search has yet to propose, some that it could propose are looked at: what differs
    between all of these is taken to differ between all others.
    """
    seeds, known = plan.study.replicates.seeds, _Known(plan)
    awaited = []
    for one in plan.cells:
        awaited.append(frozenset[str]())
        if not has_stages(one.cell.config):
            continue
        owing, new = plan.due(one)
        arms = [known.of(one.arm(arm).config, left, one) for arm, left in owing.items()]
        if new and one.cell.default.digest not in one.entries:
            arms.append(known.of(one.cell.config, seeds, one))
            new -= 1
        if new:
            drawn = [known.of(run, seeds, one) for run in _drawn(one.cell, min(new, _DRAWS))]
            arms += drawn
            known.multiply(drawn, arms, new / max(1, len(drawn)))
        awaited[-1] = max(map(frozenset, arms), key=len, default=frozenset())
    return Outputs(known.each, tuple(awaited))


def recorded(folder: Path, store: Path) -> dict[str, Count]:
    """By kind, those of the arms that the study with this folder has begun."""
    study = safeio.read_json(folder / "study.json")
    if not _may_have_stages(study):
        return {}
    cells = {one["digest"] for one in study.get("cells", ())}
    found: dict[str, str] = {}
    for entry in ledger.entries(folder):
        told = entry.arm["config"]
        if entry.arm["cell_digest"] not in cells or not _has_stages(told):
            continue
        run = TrainConfig.parse(told)
        of_seeds = digests_by_seed(run, study["replicates"]["seeds"], entry.arm["datasets"])
        kinds = {name: stage.name for name, stage in staged.every(run).items()}
        for of_seed in of_seeds.values():
            found |= {digest: kinds[name] for name, digest in of_seed.items()}
    artifacts, by_kind = Artifacts(store), defaultdict[str, list[bool]](list)
    for digest, kind in found.items():
        by_kind[kind].append(artifacts.has(kind, digest))
    return {kind: Count(len(each), sum(each)) for kind, each in by_kind.items()}


class _Known:
    """Outputs found so far. Runs whose stages are the same for one seed share them for all."""

    def __init__(self, plan: Plan) -> None:
        self.each: dict[str, Output] = {}
        self._artifacts = None if plan.like else Artifacts(plan.store)
        self._pipelines: dict[tuple[object, ...], list[str]] = {}

    def of(self, run: TrainConfig, seeds: Sequence[int], one: CellPlan) -> list[str]:
        """Digests of the outputs that an arm needs for these seeds; they are known then."""
        datasets = one.cell.datasets
        first = digests(run, seeds[0], datasets)
        own = tuple((name, stage.seed) for name, stage in staged.every(run).items())
        key = (tuple(first.items()), own, tuple(seeds))
        if key not in self._pipelines:
            self._pipelines[key] = list(self._found(run, seeds, datasets, first))
        return self._pipelines[key]

    def multiply(
        self, drawn: Sequence[Sequence[str]], arms: Sequence[Sequence[str]], copies: float
    ) -> None:
        """Let what a drawn arm alone needs, of all these arms, stand for so many outputs."""
        users = Counter(digest for arm in arms for digest in set(arm))
        for digest in {digest for arm in drawn for digest in arm}:
            if users[digest] == 1:
                self.each[digest] = replace(self.each[digest], copies=copies)

    def _found(
        self, run: TrainConfig, seeds: Sequence[int], datasets: Datasets, first: dict[str, str]
    ) -> Iterator[str]:
        took, stages = costs(run), staged.every(run)
        others = digests_by_seed(run, seeds[1:], datasets) if len(seeds) > 1 else {}
        for found in (first, *others.values()):
            for name, digest in found.items():
                yield digest
                if digest not in self.each:
                    kind = stages[name].name
                    there = self._artifacts is not None and self._artifacts.has(kind, digest)
                    self.each[digest] = Output(kind=kind, is_there=there, **vars(took[name]))


def _may_have_stages(study: Mapping[str, Any]) -> bool:
    varied = [*study["axes"], *study["space"]]
    is_varied = any(part in path for path in varied for part in ("clean", "stages", "compat"))
    return is_varied or _has_stages(study["base"])


def _has_stages(config: Mapping[str, Any]) -> bool:
    """As `has_stages`, of a config on record."""
    rule = config.get("clean", {}).get("rule")
    return bool(config.get("stages") or rule or config.get("compat"))


def _drawn(cell: Cell, count: int) -> list[TrainConfig]:
    """Runs of arms that a search could propose; fewer where values go ill together."""
    found = []
    rng = stream(0, "stages", cell.digest)
    for _ in range(count):
        point = walk(cell.space, lambda path, key, leaf: _value(leaf, rng))
        try:
            found.append(cell.arm(point).config)
        except ConfigError:
            continue
    return found


def _value(leaf: Leaf, rng: np.random.Generator) -> Scalar:
    if isinstance(leaf, OneOf):
        return leaf.values[rng.integers(len(leaf.values))]
    if isinstance(leaf, IntUniform):
        return int(rng.integers(leaf.low, leaf.high + 1))
    return float(rng.uniform(leaf.low, leaf.high))
