"""Arms that run side by side under a rule: made-up values, any order, any number of restarts."""

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

from frlib.core.space import Distribution, OneOf, Scalar, Uniform
from frlib.pruning import Design, Past, Rule, Seen, Stop

SPACE: dict[str, Distribution] = {
    "optimiser.lr": Uniform(low=1e-3, high=1.0, log=True),
    "head.margin": Uniform(low=0.0, high=1.0),
    "batch_size": OneOf(values=(64, 128)),
}


@dataclass
class Running:
    """An arm on its way. A child begins after `born` epochs; until then it is as `before`."""

    arm: str
    cell: str
    params: Mapping[str, Scalar]
    protected: bool = False
    step: int = 0
    finals: list[float] = field(default_factory=list)
    course: dict[int, float] = field(default_factory=dict)
    replaced: bool = False
    born: int = 0
    before: Mapping[str, Scalar] = field(default_factory=dict)

    def go(self, design: Design, value: float) -> Seen:
        """One more epoch, whose own value is `value`."""
        self.step += 1
        shown = [*self.finals, value]
        if self.step % design.epochs == 0:
            self.finals = shown
        self.course[self.step] = sum(shown) / len(shown)
        return Seen(
            arm=self.arm,
            cell=self.cell,
            step=self.step,
            value=self.course[self.step],
            finals=tuple(self.finals),
            protected=self.protected,
            params=self._current((self.step - 1) % design.epochs + 1),
        )

    def past(self) -> Past:
        """As it stands on record."""
        return Past(
            arm=self.arm,
            cell=self.cell,
            course=dict(self.course),
            finals=tuple(self.finals),
            params=self.params,
            replaced=self.replaced,
        )

    def _current(self, epoch: int) -> Mapping[str, Scalar]:
        return self.params if epoch > self.born else self.before


def cells(arms: int, of: tuple[str, ...] = ("easy", "hard")) -> list[Running]:
    """So many arms in each cell, the first of them its default."""
    return [
        Running(
            f"{cell}{i}",
            cell,
            {
                "optimiser.lr": 0.01 * (1 + i),
                "head.margin": 1 / (1 + i),
                "batch_size": 64 if i % 2 else 128,
            },
            protected=i == 0,
        )
        for cell in of
        for i in range(arms)
    ]


def run(
    build: Callable[[], Rule],
    design: Design,
    arms: list[Running],
    value: Callable[[str, int], float],
    seed: int,
    restarts: Collection[int] = (),
) -> tuple[dict[str, Stop], list[Running]]:
    """Verdicts, and every arm as it ended. The order is drawn from `seed`.

    `value(arm, step)` is the epoch's own. At each count of `restarts` epochs of all arms, the rule
    is built anew and told what is on record, in another order.
    """
    order, rule = random.Random(seed), build()
    every = [replace(arm, finals=list(arm.finals), course=dict(arm.course)) for arm in arms]
    running, stops, told = list(every), {}, 0
    while running:
        if told in restarts:
            rule = build()
            for arm in random.Random(told).sample(every, len(every)):
                rule.enter(arm.past())
        arm = order.choice(running)
        stop = rule.judge(arm.go(design, value(arm.arm, arm.step + 1)))
        told += 1
        if stop:
            stops[arm.arm] = stop
            running.remove(arm)
            if stop.child:
                arm.replaced = True
                born = _born(arm, stop, {one.arm: one for one in every})
                every.append(born)
                running.append(born)
        elif arm.step == design.epochs * design.replicates:
            running.remove(arm)
    return stops, every


def _born(stopped: Running, stop: Stop, every: Mapping[str, Running]) -> Running:
    assert stop.child is not None
    parent = every[stop.child.parent]
    assert parent.cell == stopped.cell and parent.arm != stopped.arm
    assert stop.child.epoch in parent.course or parent.step > stop.child.epoch
    epoch = stop.child.epoch
    return Running(
        f"{stopped.arm}'",
        stopped.cell,
        {**parent.params, **stop.child.changes},
        step=epoch,
        born=epoch,
        before=parent.params,
    )


def rule(module: ModuleType, design: Design, **settings: Any) -> Rule:
    """A module's rule at its defaults, but for `settings`."""
    built: Rule = module.build(module.Config(**settings), design)
    return built


def told(rule: Rule, arm: str, course: list[float], **more: Any) -> list[Stop | None]:
    """What a rule says to the first epochs of an arm of one replicate."""
    seen: dict[str, Any] = {"cell": "cell", "finals": (), "protected": False} | more
    return [
        rule.judge(Seen(arm=arm, step=step, value=value, **seen))
        for step, value in enumerate(course, start=1)
    ]
