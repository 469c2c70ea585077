"""Distributions, and spaces that depend on what was chosen."""

import pytest
from pydantic import ValidationError

from frlib.core.space import Branches, IntUniform, OneOf, Uniform, grid, keyed, leaves, size, walk

SPACE = {
    "lr": Uniform(low=0.1, high=1.0, log=True),
    "head.margin": Branches(
        options={
            "arc": {"margin": Uniform(low=0.1, high=0.5), "fallback": "none"},
            "none": {},
            "sub": {"inner": Branches(options={"x": {"k": IntUniform(low=1, high=3)}, "y": {}})},
        }
    ),
}


@pytest.mark.parametrize("low, high, log", [(1, 1, False), (2, 1, False), (0, 1, True)])
def test_uniform_when_it_has_no_room_then_is_refused(low: float, high: float, log: bool) -> None:
    for kind in (Uniform, IntUniform):
        with pytest.raises(ValidationError, match="need low < high"):
            kind(low=low, high=high, log=log)


def test_contains_when_asked_then_knows_ends_kinds_and_modules() -> None:
    assert Uniform(low=0, high=1).contains(1) and not Uniform(low=0, high=1).contains(True)
    whole = IntUniform(low=1, high=3)
    assert whole.contains(3) and not whole.contains(2.5) and not whole.contains("2")
    assert OneOf(values=("a", 2)).contains("a") and not OneOf(values=("a",)).contains("b")
    assert SPACE["head.margin"].contains("arc") and not SPACE["head.margin"].contains("exp")
    assert not SPACE["head.margin"].contains({"name": "arc"}), "a field of no module"


def test_walk_when_a_module_is_chosen_then_asks_for_its_own_fields_alone() -> None:
    answers = {"lr": 0.2, "head.margin": "sub", "head.margin=sub.inner": "x"}
    asked = []

    def choose(path: str, key: str, leaf: object) -> float | str:
        asked.append(key)
        return answers.get(key, 2)

    point = walk(SPACE, choose)
    assert point == {
        "lr": 0.2,
        "head.margin": "sub",
        "head.margin.inner": "x",
        "head.margin.inner.k": 2,
    }
    assert asked[-1] == "head.margin=sub.inner=x.k"
    again = keyed(SPACE, point)
    assert again is not None and {k: v for k, (_, v) in again.items()} == {
        "lr": 0.2,
        "head.margin": "sub",
        "head.margin=sub.inner": "x",
        "head.margin=sub.inner=x.k": 2,
    }


@pytest.mark.parametrize(
    "point",
    [
        {"lr": 0.2},
        {"lr": 2.0, "head.margin": "none"},
        {"lr": 0.2, "head.margin": "none", "head.margin.margin": 0.3},
        {"lr": 0.2, "head.margin": "arc"},
    ],
    ids=["missing", "outside", "too much", "half"],
)
def test_keyed_when_a_point_cannot_be_drawn_then_is_none(point: dict[str, float | str]) -> None:
    assert keyed(SPACE, point) is None


def test_grid_when_conditional_then_counts_the_branches_one_by_one() -> None:
    found = grid(SPACE, 3)
    assert len(found) == 3 * (3 + 1 + (3 + 1))
    assert len({tuple(sorted(point.items())) for point in found}) == len(found)
    assert all(keyed(SPACE, point) is not None for point in found)
    assert sorted({point["lr"] for point in found}) == [0.1, 0.316228, 1.0]


def test_size_when_numbers_are_real_then_is_unknown_else_that_of_the_grid() -> None:
    assert size(SPACE) is None
    whole = {
        "a": IntUniform(low=1, high=4),
        "b": Branches(options={"x": {"k": OneOf(values=(1, 2))}, "y": {}}),
    }
    assert size(whole) == len(grid(whole, 100)) == 12


def test_leaves_when_listed_then_hold_every_key_once() -> None:
    keys = [key for _, key, _ in leaves(SPACE)]
    assert keys == [
        "lr",
        "head.margin",
        "head.margin=arc.margin",
        "head.margin=sub.inner",
        "head.margin=sub.inner=x.k",
    ]


def test_branches_when_written_as_json_then_read_back_equal() -> None:
    margin = SPACE["head.margin"]
    assert isinstance(margin, Branches)
    assert Branches.model_validate(margin.model_dump(mode="json")) == margin
    assert margin.given("arc") == {"fallback": "none"}
