from dataclasses import replace
from typing import Any

import pytest

from frlib.doctor.report import Finding, findings
from tests.unit.doctor.reports import FACTS, bad, node, report


def only(found: list[Finding]) -> Finding:
    (one,) = found
    return one


def test_report_when_all_is_in_order_then_every_check_says_so() -> None:
    found = findings(report())
    assert bad(report()) == []
    assert {one.check for one in found} == {*FACTS, "cluster"}


@pytest.mark.parametrize(
    ("check", "facts", "level", "words"),
    [
        ("versions", {"ray": "2.59.0"}, "failure", "ray 2.59.0"),
        ("versions", {"python": "3.12.1"}, "failure", "python 3.12.1"),
        ("versions", {"torch": "2.13.0"}, "warning", "torch 2.13.0"),
        ("versions", {"commit": "d" * 40}, "warning", "dddddddddddd"),
        ("packages", {"numpy": "2.2.0"}, "warning", "numpy 2.2.0 (here 2.3.0)"),
        ("gpus", {"names": ["H100"], "free": [1]}, "failure", "hands out 2, torch sees 1"),
        ("gpus", {"names": [], "refused": "no kernel image"}, "failure", "no kernel image"),
        ("gpus", {"driver": "570.1"}, "warning", "driver 570.1"),
        ("store", {"token": "", "refused": "Permission denied"}, "failure", "Permission denied"),
        ("data", {"/data": "no such file"}, "failure", "/data: no such file"),
        ("data", {"/data": "folder 3 a … c"}, "failure", "folder 3 a … c"),
        ("room", {"shared": 0.06}, "warning", "shared memory: 0.1 GiB free"),
        ("secret_names", {"TOKEN": False}, "failure", "TOKEN not set"),
        ("auth", {"others_read_it": True, "file": "/t"}, "warning", "/t can be read by others"),
    ],
)
def test_node_when_one_thing_is_wrong_then_one_finding_says_what_and_what_to_do(
    check: str, facts: dict[str, Any], level: str, words: str
) -> None:
    found = only(bad(report(node("one"), node("two", **{check: facts}))))
    assert (found.check, found.level) == (check, level)
    assert words in found.found
    assert found.expected and found.advice


def test_store_when_nodes_have_one_each_of_the_same_name_then_it_is_found_out() -> None:
    apart = report(node("one", store={"read": ["one"]}), node("two", store={"read": ["two"]}))
    found = bad(apart)
    assert {one.where: one.level for one in found} == {"one": "failure", "two": "failure"}
    assert "lacks what was written on two" in found[0].found


def test_gpus_when_some_are_not_handed_out_then_it_is_a_warning() -> None:
    idle = replace(node("two"), resources={"CPU": 8.0})
    assert "torch sees 2, Ray hands out 0" in only(bad(report(node("one"), idle))).found


@pytest.mark.parametrize(
    ("bounds", "level"), [((1.5, 1.7), "warning"), ((-40.0, -39.0), "failure"), ((-9.0, 2.0), None)]
)
def test_clock_when_it_is_surely_off_then_that_is_said_and_doubt_is_none(
    bounds: tuple[float, float], level: str | None
) -> None:
    found = bad(report(node("one"), replace(node("two"), clock_s=bounds)))
    assert [one.level for one in found] == ([] if level is None else [level])


def test_slots_when_no_node_has_any_then_it_is_a_warning() -> None:
    head = replace(node("one"), resources={"CPU": 8.0, "GPU": 2.0})
    found = only(bad(report(head, node("two"))))
    assert (found.check, found.level) == ("slots", "warning")


def test_tracking_when_only_a_worker_cannot_reach_it_then_nothing_is_wrong() -> None:
    down = {"uri": "http://mlflow", "answer": "does not answer"}
    assert bad(report(node("one"), node("two", tracking=down))) == []
    found = only(bad(report(node("one", tracking=down), node("two"))))
    assert (found.level, found.where) == ("warning", "one")


def test_auth_when_a_cluster_elsewhere_asks_for_no_token_then_it_is_a_warning() -> None:
    assert "no token" in only(bad(report(auth="disabled"))).found
    here = report(node("one"), address="http://127.0.0.1:8265", auth="disabled")
    assert bad(here) == []


def test_nodes_when_two_have_the_same_trouble_then_they_share_a_line() -> None:
    old = {"versions": {"ray": "2.59.0"}}
    assert only(bad(report(node("one", **old), node("two", **old)))).where == "one, two"


def test_node_when_silent_then_it_is_a_failure_and_the_others_are_judged() -> None:
    lost = replace(node("two"), facts={}, silent="did not answer within 5 s", clock_s=None)
    found = bad(report(node("one", store={"read": ["one"]}), lost))
    assert [(one.check, one.where) for one in found] == [("cluster", "two")]


def test_check_when_it_could_not_look_then_that_is_the_failure() -> None:
    hung = replace(node("two"), facts={**node("two").facts, "data": {"problem": "hung"}})
    found = only(bad(report(node("one"), hung)))
    assert (found.check, found.where, found.found) == ("data", "two", "hung")
