"""Two rounds of findings as one: told of the set as it was before the first."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.cleaning.applied import apply_to, placed
from frlib.cleaning.composed import compose
from frlib.cleaning.evidence import Apply
from frlib.cleaning.findings import Findings
from frlib.core.errors import DataError
from frlib.data.manifest import Manifest
from tests.unit.cleaning.worlds import PEOPLE, SAMPLES, Verdicts, found, world

HOW: tuple[Apply, ...] = ("both", "relabel", "drop")
NAMES = dict[str, str | None]
"""Flagged samples: id -> name of the proposed person, or None."""


def _left(before: Findings, apply: Apply) -> Manifest:
    return apply_to(world(), placed(before, world()), apply).manifest


def _next(
    before: Findings,
    apply: Apply,
    flagged: Mapping[str, str | None],
    suspicion: Mapping[str, float] | None = None,
) -> Findings:
    """Findings on what an earlier round left, in its numbers."""
    left = _left(before, apply)
    given = dict(zip(left.ids.tolist(), left.labels.tolist(), strict=True))
    number = {name: at for at, name in enumerate(left.identities)}
    told = {one: None if to is None else number[to] for one, to in flagged.items()}
    return found(told, given, suspicion, people=left.identities, kind="later")


def _flagged(whole: Findings) -> NAMES:
    names = (*whole.identities, None)
    proposed = [names[label] for label in whole.proposed.tolist()]
    rows = zip(whole.ids.tolist(), whole.is_flagged.tolist(), proposed, strict=True)
    return {name: to for name, is_flagged, to in rows if is_flagged}


def _suspicion(whole: Findings) -> dict[str, float]:
    return dict(zip(whole.ids.tolist(), whole.suspicion.tolist(), strict=True))


@pytest.mark.parametrize(
    ("apply", "verdicts", "now", "whole"),
    [
        pytest.param("both", {"b1": None}, {}, {"b1": None}, id="dropped before"),
        pytest.param("drop", {"a2": 1}, {}, {"a2": "bob"}, id="dropped with a proposal"),
        pytest.param("both", {"a2": 1}, {}, {"a2": "bob"}, id="keeps the label"),
        pytest.param("relabel", {"b1": None}, {}, {}, id="kept, and right by now"),
        pytest.param("relabel", {"b1": None}, {"b1": None}, {"b1": None}, id="kept, wrong again"),
        pytest.param("relabel", {"b1": None}, {"b1": "dee"}, {"b1": "dee"}, id="kept, named now"),
        pytest.param("both", {}, {"a2": "bob"}, {"a2": "bob"}, id="flagged now alone"),
        pytest.param("drop", {"a1": None}, {"a2": None}, {"a1": None, "a2": None}, id="both drop"),
        pytest.param("both", {"a2": 1}, {"a2": "dee"}, {"a2": "dee"}, id="moved on"),
        pytest.param("both", {"a2": 1}, {"a2": None}, {"a2": None}, id="moved, then dropped"),
        pytest.param("relabel", {"a2": 1}, {"a2": "dee"}, {"a2": "dee"}, id="relabel moves on"),
        pytest.param("both", {"a1": 1}, {"a1": "ann"}, {}, id="cleared"),
        pytest.param("relabel", {"a1": 1, "b1": None}, {"a1": "ann"}, {}, id="relabel clears"),
    ],
)
def test_compose_when_there_are_two_rounds_then_by_the_rules(
    apply: Apply, verdicts: Verdicts, now: NAMES, whole: NAMES
) -> None:
    before = found(verdicts)
    both = compose(before, apply, _next(before, apply, now))
    assert _flagged(both) == whole
    assert both.ids.tolist() == list(SAMPLES) and both.kind == "later"
    assert both.given.tolist() == before.given.tolist() and both.identities == PEOPLE


@pytest.mark.parametrize("apply", HOW)
def test_compose_when_nothing_is_flagged_now_then_is_what_was_found_before(apply: Apply) -> None:
    """Of what was dropped or relabelled; what was trained on as it was is as it is found now."""
    before = found({"a2": 1, "b1": None, "c0": 0, "b0": 3})
    both = compose(before, apply, _next(before, apply, {}))
    kept = {"b1"} if apply == "relabel" else set[str]()
    assert _flagged(both) == {n: to for n, to in _flagged(before).items() if n not in kept}


@pytest.mark.parametrize("apply", HOW)
def test_compose_when_nothing_was_flagged_before_then_is_what_is_found_now(apply: Apply) -> None:
    now = _next(found({}), apply, {"a2": "bob", "b1": None}, {"a0": 0.25, "b1": 0.75})
    both = compose(found({}), apply, now)
    assert _flagged(both) == {"a2": "bob", "b1": None}
    assert _suspicion(both) == _suspicion(now)


def test_compose_when_a_class_was_lost_in_between_then_it_is_still_named() -> None:
    before = found({"c0": None, "a2": 1})
    now = _next(before, "both", {"d1": "ann", "a2": "dee"})
    assert "cy" not in now.identities
    both = compose(before, "both", now)
    assert _flagged(both) == {"c0": None, "a2": "dee", "d1": "ann"}
    assert both.identities == PEOPLE and both.given.tolist() == world().labels.tolist()


def test_compose_when_composed_then_suspicion_is_of_the_first_label() -> None:
    """Dropped or relabelled: as then; cleared: 1 less; everything else: as now."""
    before = found(
        {"b1": None, "a2": 1, "a1": 1, "c0": 0}, suspicion={"b1": 0.8, "a2": 0.7, "d0": 0.3}
    )
    told = {"a2": 0.2, "a1": 0.75, "c0": 0.6, "d0": 0.05, "d1": 0.95}
    now = _next(before, "both", {"a1": "ann", "c0": None, "d1": None}, told)
    found_ = _suspicion(compose(before, "both", now))
    wanted = {"b1": 0.8, "a2": 0.7, "a1": 0.25, "c0": 0.6, "d0": 0.05, "d1": 0.95}
    assert {name: found_[name] for name in wanted} == wanted


def test_compose_when_a_flagged_sample_was_trained_on_then_its_suspicion_is_the_newer() -> None:
    before = found({"b1": None, "a2": 1}, suspicion={"b1": 0.8, "a2": 0.7})
    both = compose(before, "relabel", _next(before, "relabel", {}, {"b1": 0.2, "a2": 0.1}))
    told = _suspicion(both)
    assert (told["b1"], told["a2"]) == (0.2, 0.7) and _flagged(both) == {"a2": "bob"}


def test_compose_when_the_truth_was_known_before_then_it_stays() -> None:
    known = replace(found({"c0": None}), true=world().true_labels)
    both = compose(known, "both", _next(known, "both", {"a2": "bob"}))
    nobody = [-1 if label >= len(PEOPLE) else label for label in world().true_labels.tolist()]
    assert both.true is not None and both.true.tolist() == nobody


@pytest.mark.parametrize(
    ("apply", "name", "given", "message"),
    [
        ("both", "x9", 0, "name 1 samples that those before them did not"),
        ("both", "b1", 1, r"'b1' had been dropped, by those of 'rule' with apply=both \(1 such\)"),
        ("drop", "a2", 0, "'a2' had been dropped"),
        ("both", "a2", 0, "'a2' had another label by then"),
        ("relabel", "b0", 0, "'b0' had another label by then"),
    ],
)
def test_compose_when_the_later_ones_are_not_on_what_was_left_then_refuses(
    apply: Apply, name: str, given: int, message: str
) -> None:
    before = found({"b1": None, "a2": 1})
    with pytest.raises(DataError, match=message):
        compose(before, apply, found({}, given={"a0": 0, name: given}))


@st.composite
def _verdicts(draw: st.DrawFn) -> dict[str, int | None]:
    picked = draw(st.lists(st.sampled_from(sorted(SAMPLES)), unique=True))
    others = {name: [n for n in range(4) if n != SAMPLES[name][0]] for name in picked}
    return {name: draw(st.none() | st.sampled_from(others[name])) for name in picked}


@given(one=_verdicts(), other=_verdicts(), apply=st.sampled_from(["both", "drop"]))
def test_compose_when_applied_at_once_then_the_set_is_that_of_one_after_the_other(
    one: dict[str, int | None], other: dict[str, int | None], apply: Apply
) -> None:
    before = found(one)
    try:
        left = _left(before, apply)
        has = {i: left.identities[n] for i, n in zip(left.ids.tolist(), left.labels, strict=True)}
        names = {n: PEOPLE[to] if to is not None else "" for n, to in other.items() if n in has}
        fit = {n: n_to in left.identities and n_to != has[n] for n, n_to in names.items()}
        now = _next(before, apply, {n: to if fit[n] else None for n, to in names.items()})
        in_turn = apply_to(left, placed(now, left), apply).manifest
        at_once = _left(compose(before, apply, now), apply)
    except DataError as error:
        assert "classes; expected at least 2" in str(error)
        return
    assert at_once.ids.tolist() == in_turn.ids.tolist()
    people = [[m.identities[n] for n in m.labels.tolist()] for m in (at_once, in_turn)]
    assert people[0] == people[1]
    assert np.array_equal(at_once.kinds, in_turn.kinds)
