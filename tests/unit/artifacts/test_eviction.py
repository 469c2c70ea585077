"""What goes when there is no room: the least recently used, and nothing that is in use."""

import os
from pathlib import Path

import pytest

from frlib.artifacts.eviction import VARIABLE
from frlib.artifacts.store import Artifacts
from frlib.core.errors import ConfigError
from tests.unit.artifacts.made import KIND, make, names, produce, store

DIGESTS = ("a0", "b1", "c2")
GIB = 2**30


@pytest.fixture
def three(tmp_path: Path) -> Artifacts:
    """Of 100 bytes each, used in the order b1, c2, a0."""
    where = store(tmp_path)
    for digest in DIGESTS:
        produce(where, digest, 100)
    for age, digest in enumerate(("a0", "c2", "b1")):
        os.utime(tmp_path / "artifacts" / KIND / digest / "artifact.json", (10 - age, 10 - age))
    return where


@pytest.mark.parametrize(
    ("budget", "gone"),
    [(300, []), (299, ["b1"]), (200, ["b1"]), (199, ["b1", "c2"]), (1, ["b1", "c2", "a0"])],
)
def test_gc_when_there_is_a_budget_then_the_least_recently_used_go(
    budget: int, gone: list[str], three: Artifacts, tmp_path: Path
) -> None:
    told = three.gc(budget / GIB, dry=True)
    assert [entry.digest for entry in told.evicted] == gone
    assert names(tmp_path) == list(DIGESTS)
    assert three.gc(budget / GIB) == told
    assert names(tmp_path) == sorted(set(DIGESTS) - set(gone))
    assert told.kept == 300 - 100 * len(gone) and told.over == 0


def test_gc_when_one_was_found_just_now_then_another_goes(three: Artifacts) -> None:
    three.find(KIND, "b1")
    assert [entry.digest for entry in three.gc(200 / GIB).evicted] == ["c2"]


def test_gc_when_some_are_held_or_to_be_kept_then_others_go(three: Artifacts) -> None:
    with three.held(KIND, "b1"):
        told = three.gc(1 / GIB, keep={(KIND, "c2")})
    assert [entry.digest for entry in told.evicted] == ["a0"]
    assert told.over == 199


def test_gc_when_there_is_no_budget_then_only_leftovers_and_damaged_ones_go(
    three: Artifacts, tmp_path: Path
) -> None:
    (tmp_path / "artifacts" / KIND / "c2" / "data").unlink()
    (tmp_path / "artifacts" / KIND / ".d3.trash-00").mkdir()
    told = three.gc()
    assert told.evicted == () and [p.name for p in told.leftovers] == ["c2", ".d3.trash-00"]
    assert names(tmp_path) == ["a0", "b1"]


def test_gc_when_the_budget_is_negative_then_is_refused(three: Artifacts) -> None:
    with pytest.raises(ConfigError, match="expected 0"):
        three.gc(-1)


def test_produce_when_the_environment_sets_a_budget_then_evicts_before_it_publishes(
    three: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(300 / GIB))
    produce(three, "d3", 150)
    assert names(tmp_path) == ["a0", "d3"]


def test_produce_when_it_is_too_large_for_the_budget_then_it_is_kept_and_a_warning(
    three: Artifacts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(VARIABLE, str(50 / GIB))
    with three.held(KIND, "a0"):
        produce(three, "d3", 150)
    assert names(tmp_path) == ["a0", "d3"]
    assert "everything else is in use" in caplog.text


def test_produce_when_the_budget_is_no_number_then_says_which_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "plenty")
    with pytest.raises(ConfigError, match="FRLIB_ARTIFACTS_GIB='plenty'"):
        store(tmp_path).produce(KIND, "a0", make, about={})
    assert names(tmp_path) == []
