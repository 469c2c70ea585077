"""Studies whose trials read off made-up learning curves, for measurements of the engine."""

from typing import TYPE_CHECKING

from frlib.launch import session
from frlib.launch import study as launch
from frlib.rayrun import tuner
from frlib.study.plan import Plan
from frlib.study.watch import Watcher

if TYPE_CHECKING:
    from frlib.rayrun.simulated import Cost as Cost
    from frlib.rayrun.simulated import Simulation


def opened(plan: Plan, at_a_time: int) -> "Simulation":
    """Without a cluster: everything up to the first proposal is done."""
    from frlib.rayrun.simulated import Simulation

    launch.record_design(plan)
    return Simulation(session.ready(plan), at_a_time)


def through_tune(plan: Plan, watcher: Watcher) -> None:
    """All arms of a plan through Ray Tune, on a cluster of this machine that is joined or started.

    `ClusterError` where Ray cannot start.
    """
    from frlib.rayrun.simulated import trial

    with launch.opened(plan):
        tuner.run(plan, watcher, work=trial)
