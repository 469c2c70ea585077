"""Reports of two like nodes, to be changed in one point."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from frlib.doctor.asked import Asked
from frlib.doctor.report import Finding, Node, Report, findings

FACTS: Mapping[str, Mapping[str, Any]] = {
    "versions": {
        **{"python": "3.11.7", "ray": "2.60.0", "torch": "2.14.1", "frlib": "0.1.0"},
        **{"commit": "c" * 40, "changed": False},
    },
    "auth": {"source": "", "others_read_it": False, "file": ""},
    "packages": {"numpy": "2.3.0", "pandas": "3.0.1"},
    "gpus": {
        **{"cards": 2, "driver": "580.1", "names": ["H100", "H100"], "free": [1, 1]},
        **{"cuda": "13.0", "refused": ""},
    },
    "slots": {},
    "store": {"token": "", "refused": ""},
    "tracking": {"uri": "", "answer": "ok"},
    "data": {"/data": "folder 2 a … b"},
    "room": {"temporary": 50.0, "shared": 8.0, "memory": 60.0, "store": 900.0},
    "clock": {"time": 100.0},
    "secret_names": {"TOKEN": True},
}
ASKED = Asked(mark="m", store="/store", data=("/data",), secrets=("TOKEN",))


def node(name: str, **changed: Mapping[str, Any]) -> Node:
    """One with all in order; changed: facts of a check."""
    own = {"token": name, "read": ["one", "two"], "refused": ""}
    facts = {
        k: {**v, **(own if k == "store" else {}), **changed.get(k, {})} for k, v in FACTS.items()
    }
    resources = {"CPU": 8.0, "GPU": 2.0} | ({"trial_slot": 64.0} if name == "one" else {})
    return Node(
        name=name, is_head=name == "one", resources=resources, facts=facts, clock_s=(-0.01, 0.01)
    )


def report(*nodes: Node, **changed: Any) -> Report:
    """Of the nodes, or two in order."""
    whole = Report(
        asked=ASKED,
        here=FACTS,
        nodes=nodes or (node("one"), node("two")),
        address="http://head:8265",
        auth="token",
    )
    return replace(whole, **changed)


def bad(of: Report) -> list[Finding]:
    """What is not in order."""
    return [one for one in findings(of) if one.level != "ok"]
