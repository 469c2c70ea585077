"""Nothing waits for room that is never given."""

from typing import Any

import pytest

from frlib.rayrun.ending import Ending


@pytest.mark.parametrize(
    ("is_ending", "is_running", "ends"),
    [(True, False, True), (True, True, False), (False, False, False), (False, True, False)],
)
def test_experiment_when_it_is_to_end_then_only_once_nothing_runs(
    is_ending: bool, is_running: bool, ends: bool
) -> None:
    ending: Any = Ending(lambda: is_ending, lambda: is_running)
    assert ending.stop_all() is ends
    assert not ending("trial", {})
