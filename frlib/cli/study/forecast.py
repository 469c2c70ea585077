"""Everything `frlib study plan` foretells, gathered."""

import os
from dataclasses import dataclass
from functools import cached_property

from frlib.core.errors import ClusterError, ConfigError
from frlib.study.claims import Claim
from frlib.study.disk import Disk, disk
from frlib.study.energy import joules_per_run
from frlib.study.loads import Load
from frlib.study.outputs import Outputs
from frlib.study.pace import Left, Pace
from frlib.study.plan import Plan
from frlib.study.probed import Probed
from frlib.study.sight import Sight, sight

_KWH = 3.6e6


@dataclass(frozen=True)
class Where:
    """The machine or cluster a plan is made for. at_a_time: runs; None where it holds none.

    why_not: what it lacks, empty where it holds one.
    """

    name: str
    cpus: float
    gpus: float
    at_a_time: int | None
    why_not: str


@dataclass(frozen=True)
class Energy:
    """kWh of runs and stages left at most, and how that is known; kwh is None where it is not."""

    kwh: float | None
    about: str


@dataclass(frozen=True)
class Forecast:
    """A plan with what it costs and shows.

    no_load: why memory, disk and probe are not known, if so. probed: by this call or one before.
    stale: why an earlier probe does not count. outputs: of stages, that runs still to do need.
    refused: why `run` would refuse to go on.
    can_read: whether this machine's energy counters can be. claims: of the published table, None
    where the study names none. rate: images a second that a run trains, if somebody told it.
    """

    plan: Plan
    where: Where
    outputs: Outputs
    loads: dict[str, Load]
    no_load: str
    probed: Probed | None
    stale: str
    refused: str
    can_read: bool
    claims: tuple[Claim, ...] | None
    rate: float = 0.0

    @cached_property
    def pace(self) -> Pace:
        """Seconds of runs."""
        samples = self.probed.samples if self.probed else ()
        return Pace(self.plan, self.loads, samples, self.rate, self.outputs)

    @cached_property
    def left(self) -> Left | None:
        """What is to do; None where seconds are not known."""
        return self.pace.left()

    @cached_property
    def disk(self) -> Disk:
        """Room that is taken."""
        return disk(self.pace, self.where.at_a_time or 1)

    @cached_property
    def sight(self) -> Sight | None:
        """What the design can show."""
        first = self.pace.kind(self.plan.cells[0])
        load, name = self.loads.get(first), self.plan.study.report[0].partition("/")[0]
        return sight(self.plan, load.pairs.get(name, 0) if load else 0)

    @cached_property
    def energy(self) -> Energy:
        """What runs and stages left take, as far as counters can be read."""
        runs, each = self.plan.runs_left, joules_per_run(self.plan)
        if each is not None:
            share = self.left.total_s / self.left.seconds if self.left and self.left.seconds else 1
            return Energy(each * runs * share / _KWH, "from runs on record")
        watts = [s.watts for s in self.probed.samples if s.watts] if self.probed else []
        if watts and self.left is not None:
            mean = sum(watts) / len(watts)
            return Energy(mean * self.left.total_s / _KWH, f"{mean:.0f} W in the probe")
        return Energy(None, "not measured yet" if self.can_read else "not readable here")


def forecast(plan: Plan, address: str, seconds: float, rate: float = 0.0) -> Forecast:
    """Foretell a plan; seconds: of a probe before it, 0 for none. rate: as in `Forecast`."""
    from frlib.cli.study import probing
    from frlib.cli.study.loads import loads
    from frlib.launch import stages
    from frlib.study.revise import require_same

    try:
        if not plan.like:
            require_same(plan)
        refused = ""
    except ConfigError as error:
        refused = str(error)
    outputs = stages.needed(plan)
    try:
        found, no_load = loads(plan, outputs), ""
    except ConfigError as error:
        found, no_load = {}, str(error)
    if seconds and plan.like:
        raise ConfigError(f"--probe {seconds:g}: data that are only imagined cannot be trained on")
    if seconds and not found:
        raise ConfigError(f"--probe {seconds:g}: nothing can be measured, since {no_load}")
    stale, probed = "", probing.measure(plan, outputs, found, seconds) if seconds else None
    if probed is None:
        probed, stale = probing.kept(plan, set(found))
    return Forecast(
        plan=plan,
        where=_where(plan, address),
        outputs=outputs,
        loads=found,
        no_load=no_load,
        probed=probed,
        stale=stale,
        refused=refused,
        can_read=probing.can_read_energy(plan),
        claims=_claims(plan) if plan.study.published else None,
        rate=rate,
    )


def _where(plan: Plan, address: str) -> Where:
    from frlib.study.room import Node, at_a_time

    if address:
        from frlib.launch.machine import cluster

        machine = cluster(address)
        name, nodes = machine.name, machine.nodes
    else:
        from frlib.train.devices import here

        name, gpus = "this machine", sum(not device.is_host for device in here())
        nodes = (Node(name, float(os.cpu_count() or 1), float(gpus)),)
    cpus, gpus = (sum(getattr(node, what) for node in nodes) for what in ("cpus", "gpus"))
    try:
        return Where(name, cpus, gpus, at_a_time(plan.study.resources, nodes), "")
    except ClusterError as error:
        return Where(name, cpus, gpus, None, str(error))


def _claims(plan: Plan) -> tuple[Claim, ...]:
    from analysis.build import PUBLISHED
    from frlib.records import published
    from frlib.study.claims import claims

    table = published.load(PUBLISHED / f"{plan.study.published}.csv")
    return claims(table, plan.study.report[0].rpartition("/")[2])
