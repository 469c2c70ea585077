"""The rules `boundary` and `groups`, which hear the epochs of a training."""

import numpy as np
import pytest

from frlib.core.errors import ConfigError
from frlib.denoise import boundary, groups
from tests.unit.denoise.worlds import course, evidence

MOVES = [
    # (epoch, row, proposed): row 0 always 1; row 1 in turns; row 2 long ago; row 3 at the end
    *((epoch, 0, 1) for epoch in range(4)),
    (0, 1, 3),
    (1, 1, 2),
    (2, 1, 3),
    (3, 1, 2),
    (0, 2, 3),
    (3, 3, 2),
]


def world(kind="boundary", epochs=4, moves=MOVES):
    return evidence([0] * 5, 4, course=course(kind, epochs, moves))


def verdicts(found):
    return found.is_flagged.tolist(), found.proposed.tolist(), found.suspicion.tolist()


@pytest.mark.parametrize(
    ("settings", "flagged", "proposed", "suspicion"),
    [
        ({}, [1, 1, 0, 1, 0], [1, 2, -1, 2, -1], [1, 1, 0, 1, 0]),
        ({"votes": 1.0}, [1, 1, 0, 1, 0], [1, 2, -1, 2, -1], [1, 1, 0, 1, 0]),
        ({"memory": 2}, [1, 1, 0, 1, 0], [1, 2, -1, 2, -1], [1, 1, 0, 0.5, 0]),
        ({"memory": 2, "votes": 0.6}, [1, 0, 0, 0, 0], [1, -1, -1, -1, -1], [1, 1, 0, 0.5, 0]),
        ({"memory": 3}, [1, 1, 0, 0, 0], [1, 2, -1, -1, -1], [1, 1, 0, 1 / 3, 0]),
        ({"memory": 4}, [1, 1, 0, 0, 0], [1, 2, -1, -1, -1], [1, 1, 0.25, 0.25, 0]),
        ({"memory": 4, "votes": 0.25}, [1, 1, 1, 1, 0], [1, 2, 3, 2, -1], [1, 1, 0.25, 0.25, 0]),
        ({"memory": 9, "votes": 1.0}, [1, 0, 0, 0, 0], [1] + [-1] * 4, [1, 1, 0.25, 0.25, 0]),
    ],
)
@pytest.mark.parametrize(("rule", "kind"), [(boundary, "boundary"), (groups, "progressive")])
def test_decide_when_epochs_vote_then_by_hand(rule, kind, settings, flagged, proposed, suspicion):
    found = rule.decide(world(kind), rule.Config(**settings))
    assert found.is_flagged.tolist() == [bool(f) for f in flagged]
    assert found.proposed.tolist() == proposed
    assert found.suspicion == pytest.approx(suspicion)
    assert found.kind == rule.Config().name
    assert found.facts["epochs_heard"] == min(settings.get("memory", 1), 4)
    suspected = sum(s > 0 and not f for s, f in zip(suspicion, flagged, strict=True))
    assert found.facts["suspected_only"] == suspected


def test_decide_when_memory_is_one_then_the_decisions_of_the_last_epoch():
    draw = np.random.default_rng(0)
    moves = [
        (epoch, int(row), int(draw.integers(1, 4)))
        for epoch in range(5)
        for row in draw.choice(40, 15, replace=False)
    ]
    seen = evidence([0] * 40, 4, course=course("boundary", 5, moves))
    found = boundary.decide(seen, boundary.Config())
    last = {row: proposed for epoch, row, proposed in moves if epoch == 4}
    assert np.flatnonzero(found.is_flagged).tolist() == sorted(last)
    assert {row: int(found.proposed[row]) for row in last} == last
    np.testing.assert_array_equal(found.suspicion, found.is_flagged)


def test_decide_when_votes_tie_then_the_class_proposed_last():
    late, early = [(0, 0, 1), (1, 0, 2)], [(0, 0, 2), (1, 0, 1)]
    for moves, proposed in ((late, 2), (early, 1)):
        found = boundary.decide(world(epochs=2, moves=moves), boundary.Config(memory=2))
        assert found.proposed[0] == proposed and found.suspicion[0] == 1


def test_decide_when_most_epochs_agree_then_more_than_a_later_one():
    moves = [(0, 0, 2), (1, 0, 2), (2, 0, 1)]
    found = boundary.decide(world(epochs=3, moves=moves), boundary.Config(memory=3))
    assert found.proposed[0] == 2


def test_decide_when_the_share_is_a_fraction_that_floats_round_up_then_as_many_as_meant():
    moves = [(epoch, 0, 1) for epoch in range(7)]
    assert 0.7 * 10 > 7 or 0.07 * 100 > 7
    for memory, votes in ((10, 0.7), (100, 0.07)):
        seen = world(epochs=memory, moves=[(memory - 1 - e, r, p) for e, r, p in moves])
        assert boundary.decide(seen, boundary.Config(memory=memory, votes=votes)).is_flagged[0]


def test_decide_when_the_last_epoch_decided_nothing_then_nothing_is_flagged():
    found = boundary.decide(world(moves=[(1, 0, 2)]), boundary.Config())
    assert verdicts(found) == ([False] * 5, [-1] * 5, [0] * 5)


@pytest.mark.parametrize(
    ("rule", "kind", "message"),
    [
        (boundary, "", "took no decisions about samples; expected those of kind 'boundary'"),
        (boundary, "progressive", "of kind 'progressive', expected 'boundary'.*head=boundary"),
        (groups, "", "first_corrected_epoch below the number of epochs"),
        (groups, "boundary", "of kind 'boundary', expected 'progressive'.*head=repface"),
    ],
)
def test_decide_when_the_course_is_of_another_head_then_says_so(rule, kind, message):
    with pytest.raises(ConfigError, match=message):
        rule.decide(world(kind), rule.Config())


def test_label_when_several_epochs_are_heard_then_says_how_many():
    assert boundary.label(boundary.Config()) == "BoundaryFace list"
    told = boundary.label(boundary.Config(memory=5, votes=0.6))
    assert told == "BoundaryFace list (0.6 of the last 5 epochs)"
    assert groups.label(groups.Config()) == "RepFace-style groups"


@pytest.mark.parametrize("settings", [{"memory": 0}, {"votes": 0.0}, {"votes": 1.1}])
def test_config_when_out_of_bounds_then_refused(settings):
    with pytest.raises(ConfigError):
        boundary.Config.parse({"name": "boundary", **settings})


def test_decide_when_a_decision_proposes_the_given_class_then_it_is_none():
    found = boundary.decide(world(moves=[(3, 0, 0), (3, 1, 2)]), boundary.Config())
    assert verdicts(found) == (
        [False, True, False, False, False],
        [-1, 2, -1, -1, -1],
        [0, 1, 0, 0, 0],
    )
