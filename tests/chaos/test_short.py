"""A study loses a node, its driver and a spot node, and is none the worse for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.cluster import Raylets, raylets
from tests.chaos.conducting import check, conduct
from tests.chaos.scene import fillable
from tests.integration import interrupting

pytestmark = [pytest.mark.ray, pytest.mark.timeout(1200)]
SETS = ("base.epochs=24", "search.arms_per_cell=2")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Raylets]:
    with raylets(nodes=2, **fillable(tmp_path / "store")) as made:
        yield made


def test_study_when_a_node_the_driver_and_a_spot_node_go_then_records_are_those_of_a_quiet_run(
    cluster: Raylets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = tmp_path / "quiet"
    interrupting.finished(quiet, SETS)
    what = ["node_death", "driver_killed", "spot_notice"]
    account = conduct("short", what, cluster, quiet, tmp_path / "store", SETS, monkeypatch)
    check(account)
    assert {event.injection for event in account.events} >= set(what)
    assert account.attempts > account.runs
