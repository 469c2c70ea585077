"""A replicate's stages before it trains, in one process and by threads at once."""

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from frlib.artifacts.store import Artifacts
from frlib.core.config import override
from frlib.core.errors import ConfigError, DataError
from frlib.rayrun import staging
from frlib.records import doing
from frlib.stages import train as stage
from frlib.study.schema import Resources
from frlib.train import replicate
from frlib.train.replicate import Ticket
from frlib.train.reporter import silent
from frlib.train.start import MODEL, Start
from tests.unit.stages.runs import config, staged
from tests.unit.train.worlds import HERE, are_equal

ARM = "0123456789abcdef"
ONE = Resources()


def _trained(store: Path, run: Any, arm: str = ARM, seed: int = 0) -> Path:
    """The folder of a replicate after its stages and itself."""
    ticket = Ticket(store, "s", arm, seed)
    with staging.resolved(run, ticket, {"train": "t0"}, ONE) as (left, told):
        replicate.run(left, told, HERE, silent)
    return ticket.folder


def _facts(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("a*/run.json")
    facts: dict[str, Any] = json.loads(path.read_text())["facts"]
    return facts


def test_resolved_when_there_are_no_stages_then_is_the_run_itself(tmp_path: Path) -> None:
    run, ticket = config(), Ticket(tmp_path, "s", ARM, 0)
    with staging.resolved(run, ticket, {}, ONE) as found:
        assert found == (run, ticket)
    assert not (tmp_path / "artifacts").exists()


@pytest.mark.parametrize("head", [False, True])
def test_resolved_when_trained_then_as_a_pretraining_by_hand_and_a_start_from_its_path(
    head: bool, tmp_path: Path
) -> None:
    run = staged(start={"stage": "pretrain", "head": head}, head={"name": "arcface"})
    run = override(run, ["stages.pretrain.changes.head=arcface"])
    folder = _trained(tmp_path / "staged", run)
    before = Ticket(tmp_path / "hand", "s", "before", 0)
    replicate.run(config(epochs=1, head="arcface"), before, HERE, silent)
    start = Start(path=str(before.folder), head=head)
    after = Ticket(tmp_path / "hand", "s", "after", 0)
    replicate.run(config(head="arcface", start=start), after, HERE, silent)
    assert are_equal(load_file(folder / MODEL), load_file(after.folder / MODEL))
    (entry,) = Artifacts(tmp_path / "staged").entries()
    assert _facts(folder)["artifacts"] == {"pretrain": entry.name}
    assert entry.about["first_asked_by"] == f"s/{ARM}/r0"


def test_resolved_when_arms_share_a_stage_then_it_is_trained_once_a_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "frlib.rayrun.staging")
    made = []
    produce = stage.produce

    def slowly(*given: Any) -> Any:
        """Not before the two others of seed 0 wait for it."""
        made.append(given)
        until = time.monotonic() + 30
        while caplog.text.count("is at it, waiting") < 2 and time.monotonic() < until:
            time.sleep(0.02)
        return produce(*given)

    monkeypatch.setattr(stage, "produce", slowly)

    def want(arm_and_seed: tuple[str, int]) -> str:
        arm, seed = arm_and_seed
        run = override(staged(), [f"head.margin=0.{arm[-1]}"])
        with staging.resolved(run, Ticket(tmp_path, "s", arm, seed), {}, ONE) as (left, told):
            assert left.start is not None and (Path(left.start.path) / MODEL).is_file()
            assert told.facts["artifacts"].keys() == {"pretrain"}
            return str(told.facts["artifacts"]["pretrain"])

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(want, [("arm1", 0), ("arm2", 0), ("arm3", 0), ("arm4", 1)]))
    assert len(set(found[:3])) == 1 and found[3] != found[0]
    assert len(made) == len(Artifacts(tmp_path).entries()) == 2
    assert caplog.text.count("is at it, waiting") == 2


def test_resolved_when_a_stage_is_made_then_the_arm_says_so_until_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, heard, produce = Ticket(tmp_path, "s", ARM, 0), [], stage.produce

    def made(*given: Any) -> Any:
        heard.append(doing.read(ticket.folder.parent))
        return produce(*given)

    monkeypatch.setattr(stage, "produce", made)
    with staging.resolved(staged(), ticket, {"train": "t0"}, ONE):
        assert heard == ["making pretrain (train)"]
        assert doing.read(ticket.folder.parent) == ""


def test_resolved_when_a_stage_fails_then_the_error_is_told_and_the_next_trial_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise DataError("torn")

    with monkeypatch.context() as patched:
        patched.setattr(stage, "produce", fails)
        with pytest.raises(DataError, match="torn"):
            _trained(tmp_path, staged())
    assert (_trained(tmp_path, staged()) / MODEL).is_file()


def test_start_when_a_stage_is_named_outside_a_study_then_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"start\.stage='pretrain': .*give start\.path"):
        replicate.run(staged(), Ticket(tmp_path, "s", ARM, 0), HERE, silent)
