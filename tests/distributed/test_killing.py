"""Workers killed at any moment lose nothing but the steps since the last checkpoint."""

import random
from pathlib import Path
from typing import get_args

import pytest

from tests.distributed.killing import (
    EVERY,
    HEADER,
    Kill,
    Outcome,
    Where,
    killed,
    taken_up,
    undisturbed,
)
from tests.distributed.training import Result

pytestmark = pytest.mark.dist

TOLERANCE = 1e-6
"""With another number of workers, in float64; see `relative`."""
WHERES = get_args(Where)
AFTERS = {2: (2, 1), 4: (4, 1)}


@pytest.fixture(scope="module")
def whole(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, Result]:
    """So many workers, and what they arrive at when nobody is killed."""
    size: int = request.param
    return size, undisturbed(size, tmp_path_factory.mktemp("whole"))


def _check(found: list[Outcome]) -> None:
    print(HEADER, *(one.row() for one in found), sep="\n")
    for one in found:
        assert one.is_equal if one.after == one.before else one.difference < TOLERANCE, one
        assert one.kill.step - 2 * EVERY <= one.resumed, one


@pytest.mark.slow
@pytest.mark.parametrize("where", WHERES)
@pytest.mark.parametrize("whole", AFTERS, indirect=True)
def test_run_when_killed_at_a_drawn_step_then_ends_as_if_undisturbed(
    where: Where, whole: tuple[int, Result], tmp_path: Path
) -> None:
    size, wanted = whole
    steps = random.Random(f"{where} {size}").sample(range(3, 16), 4 // size)
    found = []
    for kill in (Kill(where, step) for step in sorted(steps)):
        left = tmp_path / f"{kill.step}"
        killed(kill, size, left)
        found += [taken_up(kill, size, after, left, wanted) for after in AFTERS[size]]
    _check(found)


@pytest.mark.parametrize("whole", [2], indirect=True)
def test_run_when_killed_three_times_then_ends_as_if_undisturbed(
    whole: tuple[int, Result], tmp_path: Path
) -> None:
    size, wanted = whole
    found = []
    for where, step, after in zip(WHERES, (5, 9, 4), (2, 2, 1), strict=True):
        kill, left = Kill(where, step), tmp_path / where
        killed(kill, size, left)
        found.append(taken_up(kill, size, after, left, wanted))
    _check(found)
