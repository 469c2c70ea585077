"""A report of a cluster: asked directly from a machine of it, or by a job from outside."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from frlib.core.errors import ClusterError, StoreError
from frlib.doctor import examine, token
from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Node, Report

MARK = "FRLIB-DOCTOR "
"""Begins the line of a job's log that holds the report."""
_START_S = 60.0


def here(asked: Asked) -> Report:
    """Of this machine alone."""
    with _cleaned(asked):
        facts = examine.facts(asked)
        again = examine.again(asked, {"here": facts})
    return Report(asked=asked, here=_joined(facts, again))


def inside(asked: Asked, address: str) -> Report:
    """Of the cluster at `address`, from a machine that can join it. `ClusterError` if it cannot."""
    from frlib.rayrun.nodes import Everywhere, Silence, auth_mode

    patience = asked.patience_s + _START_S
    with _cleaned(asked), Everywhere(address) as cluster:
        own = examine.facts(asked)
        first = cluster.ask(examine.facts, asked, within_s=patience)
        answers = {k: v for k, v in first.items() if not isinstance(v, Silence)}
        second = cluster.ask(examine.again, asked, answers, within_s=patience)
        clocks = cluster.clocks(_START_S)
        found = []
        for node in cluster.nodes:
            last = first[node.key], second.get(node.key, {})
            silent = next((one.why for one in last if isinstance(one, Silence)), "")
            found.append(
                Node(
                    name=node.name,
                    is_head=node.is_head,
                    resources=node.resources,
                    facts={} if silent else _joined(*last),
                    clock_s=clocks.get(node.key),
                    silent=silent,
                )
            )
        auth = auth_mode()
    return Report(asked=asked, here=own, nodes=tuple(found), address=address, auth=auth)


def told(report: Report) -> str:
    """A report as one line of a job's log."""
    return MARK + json.dumps(report.to_json())


def heard(log: str) -> Report:
    """The report in a job's log; `ClusterError` with the end of the log where there is none."""
    for line in log.splitlines():
        if line.startswith(MARK):
            return _parsed(line.removeprefix(MARK))
    end = " | ".join(log.strip().splitlines()[-3:]) or "it is empty"
    raise ClusterError(
        f"the job that examines the cluster left no report; its log ends: {end}. Is frlib there, "
        "or in the working folder (--working-dir)?"
    )


def _parsed(text: str) -> Report:
    try:
        return Report.parse(json.loads(text))
    except (ValueError, TypeError, KeyError) as error:
        raise ClusterError(
            f"the report of the job that examines the cluster cannot be read ({error}): the frlib "
            "there is another one. Install the same on both sides, or ship this one with the job "
            "(--working-dir)"
        ) from error


def _joined(first: dict[str, Facts], second: dict[str, Facts]) -> dict[str, Facts]:
    return {name: {**facts, **second.get(name, {})} for name, facts in first.items()}


@contextmanager
def _cleaned(asked: Asked) -> Iterator[None]:
    """What the check of the store writes is gone afterwards."""
    try:
        yield
    finally:
        if asked.store:
            with suppress(OSError, StoreError):  # that check says what is wrong with it
                token.remove(asked.store, asked.mark)
