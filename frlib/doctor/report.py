"""What was found where, and what each check makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from frlib.core import discover
from frlib.doctor.asked import Asked

CHECKS = "frlib.doctor.checks"
PROBLEM = "problem"
"""In the facts of a check that could not look."""

Facts = Mapping[str, Any]
Level = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line: a check, where, what was found, what was expected, what to do about it."""

    check: str
    where: str
    level: Level
    found: str
    expected: str = ""
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node as Ray tells of it, and what it answered.

    facts: by check; empty where silent, which then says why. clock_s: bounds of how far its clock
    is ahead of the one that asked.
    """

    name: str
    is_head: bool = False
    resources: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Facts] = field(default_factory=dict)
    clock_s: tuple[float, float] | None = None
    silent: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """here: facts of the machine that asked. nodes: none where no cluster was asked.

    address: of the cluster, as given. problem: why the cluster did not answer at all.
    clock_s: bounds of how far the cluster's clock is ahead of this machine's. auth: how the
    cluster lets clients in, by Ray's word; empty while nobody has told.
    """

    asked: Asked
    here: Mapping[str, Facts]
    nodes: tuple[Node, ...] = ()
    address: str = ""
    auth: str = ""
    problem: str = ""
    clock_s: tuple[float, float] | None = None

    def told(self, check: str) -> dict[str, Facts]:
        """Facts by node, of those that looked."""
        return {n.name: n.facts[check] for n in self.nodes if _looked(n.facts, check)}

    def of_here(self, check: str) -> dict[str, Facts]:
        """The facts of this machine, as `{"here": ...}`; empty where it could not look."""
        return {"here": self.here[check]} if _looked(self.here, check) else {}

    def where_it_runs(self, check: str) -> dict[str, Facts]:
        """Facts of the machines that studies run on: the nodes, or this one without a cluster."""
        return self.told(check) if self.is_cluster else self.of_here(check)

    @property
    def is_cluster(self) -> bool:
        """Whether a cluster was asked."""
        return bool(self.address)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @classmethod
    def parse(cls, told: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`."""
        nodes = tuple(
            Node(**{**node, "clock_s": _bounds(node["clock_s"])}) for node in told["nodes"]
        )
        asked = Asked.parse(told["asked"])
        own = {"asked": asked, "nodes": nodes, "clock_s": _bounds(told["clock_s"])}
        return cls(**{**told, **own})


def names() -> tuple[str, ...]:
    """The checks, in the order of the table."""
    found = discover.choices(CHECKS)
    return tuple(sorted(found, key=lambda name: (discover.load(CHECKS, name).ORDER, name)))


def findings(report: Report) -> list[Finding]:
    """All that is to be said of a report, by check; the same of several places in one line."""
    found = list(_silent(report))
    for name in names():
        found += _unseen(report, name)
        found += discover.load(CHECKS, name).judge(report)
    places: dict[Finding, list[str]] = {}
    for one in found:
        places.setdefault(replace(one, where=""), []).append(one.where)
    return [replace(one, where=", ".join(where)) for one, where in places.items()]


def worst(found: list[Finding]) -> Level:
    """The level of the worst of them; ok for none."""
    levels = {one.level for one in found}
    return "failure" if "failure" in levels else "warning" if "warning" in levels else "ok"


def _silent(report: Report) -> Iterator[Finding]:
    if report.problem:
        yield Finding(
            check="cluster",
            where=report.address,
            level="failure",
            found=report.problem,
            expected="a cluster that answers",
            advice="is it running, is the address right, does it take this client's token?",
        )
    for node in report.nodes:
        if node.silent:
            yield Finding(
                check="cluster",
                where=node.name,
                level="failure",
                found=node.silent,
                expected=f"answers within {report.asked.patience_s:g} s",
                advice="look at the node, or take it out of the cluster",
            )
    if report.is_cluster and not report.problem:
        answered = sum(not node.silent for node in report.nodes)
        total = sum((n.resources.get("CPU", 0.0) for n in report.nodes), 0.0)
        gpus = sum((n.resources.get("GPU", 0.0) for n in report.nodes), 0.0)
        yield Finding(
            check="cluster",
            where=report.address,
            level="ok",
            found=f"{answered} of {len(report.nodes)} nodes answer; {total:g} CPUs, {gpus:g} GPUs",
        )


def _unseen(report: Report, name: str) -> Iterator[Finding]:
    places = [("here", report.here)] + [(n.name, n.facts) for n in report.nodes if not n.silent]
    for where, facts in places:
        problem = facts.get(name, {}).get(PROBLEM)
        if problem:
            yield Finding(
                check=name,
                where=where,
                level="failure",
                found=problem,
                expected="the check looks and comes back",
                advice="try by hand on that machine what it was about to do",
            )


def _looked(facts: Mapping[str, Facts], check: str) -> bool:
    return check in facts and PROBLEM not in facts[check]


def _bounds(told: Any) -> tuple[float, float] | None:
    return None if told is None else (float(told[0]), float(told[1]))
