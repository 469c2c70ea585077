"""Rounds of cleaning: when they end, which findings count, and that nothing is done twice."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.cleaning import findings
from frlib.cleaning.evidence import Evidence
from frlib.core import safeio
from frlib.core.errors import ConfigError, DataError
from frlib.data.prepare import prepare
from frlib.records import finished, ledger
from frlib.stages import _evidence, _training, decide, loop
from frlib.train import replicate
from frlib.train.clean import DECIDE, LOOP
from frlib.train.config import TrainConfig
from tests.unit.stages.runs import config, job, produced

RULE = {"name": "subcenter_drop", "drop_angle_deg": 85}
AUC = "selection/auc"
Trained = list[Path]


class CutError(Exception):
    """The machine went away."""


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Trained:
    """Folders of all trainings that begin from now on."""
    begun: Trained = []
    train = replicate.run

    def noted(*given: Any) -> Mapping[str, float]:
        begun.append(given[1].folder)
        return train(*given)

    monkeypatch.setattr(replicate, "run", noted)
    return begun


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the selection metric of every round, the first one included."""

    def told(*values: float) -> None:
        read = ledger.final_metrics

        def changed(attempt: Path) -> dict[str, float]:
            rounds = [int(p.name[5:]) for p in attempt.parents if p.name.startswith("round")]
            return read(attempt) | {AUC: values[rounds[0] - 1 if rounds else 0]}

        monkeypatch.setattr(ledger, "final_metrics", changed)

    return told


def _run(rounds: int = 3, **clean: Any) -> TrainConfig:
    fields = {"rule": RULE, "rounds": rounds, "changes": {"epochs": 1}, "apply": "drop"}
    return config(clean=fields | clean)


def _looped(run: TrainConfig, store: Path) -> tuple[dict[str, Any], Path]:
    """Facts and folder of the loop, after what comes before it."""
    made = produced(run, store, last=DECIDE)
    room = store / "looped"
    room.mkdir(exist_ok=True)
    return loop.produce(job(run, LOOP, store, made), room), room


@pytest.mark.parametrize(
    ("values", "patience", "rounds", "best"),
    [
        ((0.6, 0.7, 0.8), 1, 3, 3),
        ((0.6, 0.7, 0.65), 1, 3, 2),
        ((0.6, 0.6, 0.8), 1, 2, 1),
        ((0.6, 0.5, 0.8), 1, 2, 1),
        ((0.6, 0.5, 0.8), 2, 3, 3),
        ((0.6, 0.5, 0.55), 2, 3, 1),
        ((0.6, float("nan"), 0.8), 1, 2, 1),
    ],
    ids=str,
)
def test_produce_when_the_metric_does_not_rise_then_ends_with_the_findings_of_the_best(
    values: tuple[float, ...],
    patience: int,
    rounds: int,
    best: int,
    tmp_path: Path,
    measured: Callable[..., None],
    trained: Trained,
) -> None:
    run = config(clean=_run(patience=patience).clean, last_batch="fill")
    measured(*values)
    facts, room = _looped(run, tmp_path)
    assert [one["round"] for one in facts["rounds"]] == list(range(1, rounds + 1))
    assert facts["best"] == best and len(trained) == rounds
    files = {
        number: room / f"round{number}" / decide.FILE if number > 1 else None
        for number in range(1, rounds + 1)
    }
    first = tmp_path / "made" / DECIDE / decide.FILE
    in_vain = f"{AUC} is no better after {patience} more"
    assert facts["ended"] == ("3 rounds are done" if best == rounds else in_vain)
    contents = {n: (path or first).read_bytes() for n, path in files.items()}
    assert len(set(contents.values())) == rounds, "every round finds something else"
    assert loop.findings(room).read_bytes() == contents[best]
    assert len(safeio.read_json(room / "rounds.json")) == rounds


def test_produce_when_a_round_is_trained_then_on_what_the_findings_before_it_left(
    tmp_path: Path, measured: Callable[..., None]
) -> None:
    run = _run()
    measured(0.6, 0.7, 0.8)
    _, room = _looped(run, tmp_path)
    whole = prepare(run.data, run.noise, 0, tmp_path).train
    before = findings.read(tmp_path / "made" / DECIDE / decide.FILE)
    for number in (2, 3):
        one = finished.find(_training.finished(room / f"round{number}"))
        about = one.facts["realised"]["cleaning"]
        assert about["dropped"] == before.is_flagged.sum() and about["apply"] == "drop"
        assert one.facts["images"] == len(whole) - about["dropped"]
        assert one.config["epochs"] == 1 and one.config["stages"] == {}
        before = findings.read(room / f"round{number}" / decide.FILE)
        assert before.ids.tolist() == whole.ids.tolist(), "told of the whole set"
        assert not (room / f"round{number}" / "evidence").exists()


def test_produce_when_mirror_images_are_asked_for_then_later_rounds_judge_by_them_too(
    tmp_path: Path, measured: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(0.6, 0.7)
    embeddings = list[np.ndarray[Any, Any]]()
    read = _evidence.evidence.read

    def noted(folder: Path) -> Evidence:
        found = read(folder)
        embeddings.append(np.array(found.vectors.embeddings))
        return found

    monkeypatch.setattr("frlib.cleaning.evidence.read", noted)
    for mirrored in (False, True):
        run = config(clean=_run(rounds=2, apply="relabel", mirrored=mirrored).clean)
        store = tmp_path / str(mirrored)
        _looped(run, store)
    first, later, turned_first, turned_later = embeddings
    assert not np.allclose(first, turned_first, atol=1e-3)
    assert not np.allclose(later, turned_later, atol=1e-3)
    assert np.linalg.norm(turned_later, axis=1).mean() < np.linalg.norm(later, axis=1).mean()


def test_produce_when_killed_between_training_and_findings_then_nothing_is_trained_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Trained
) -> None:
    run = _run(rounds=2)
    made = produced(run, tmp_path, last=DECIDE)
    told = job(run, LOOP, tmp_path, made)
    wanted = loop.produce(told, tmp_path / "whole")
    trained.clear()

    def cut(*_: Any, **__: Any) -> None:
        raise CutError

    with monkeypatch.context() as patched, pytest.raises(CutError):
        patched.setattr(_evidence, "collect", cut)
        loop.produce(told, tmp_path / "cut")
    assert len(trained) == 1
    (tmp_path / "cut").rename(tmp_path / "another producer's")
    assert loop.produce(told, tmp_path / "another producer's") == wanted
    assert len(trained) == 1, "the second round was trained before"
    one, other = (loop.findings(tmp_path / name) for name in ("whole", "another producer's"))
    assert one.read_bytes() == other.read_bytes()


def test_produce_when_killed_after_the_findings_then_the_evidence_is_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(rounds=2)
    made = produced(run, tmp_path, last=DECIDE)
    told = job(run, LOOP, tmp_path, made)

    def cut(*_: Any, **__: Any) -> None:
        raise CutError

    with monkeypatch.context() as patched, pytest.raises(CutError):
        patched.setattr(loop.shutil, "rmtree", cut)
        loop.produce(told, tmp_path / "cut")
    assert list((tmp_path / "cut/round2/evidence").iterdir())
    monkeypatch.setattr(_evidence, "collect", None)  # nobody is asked again
    loop.produce(told, tmp_path / "cut")
    assert not (tmp_path / "cut/round2/evidence").exists()


def test_produce_when_nothing_is_measured_then_says_what_to_do(
    tmp_path: Path, measured: Callable[..., None], trained: Trained
) -> None:
    run = _run(patience=2)
    measured(float("nan"))
    with pytest.raises(DataError, match=r"selection/auc of the first round is not a number"):
        _looped(run, tmp_path)
    assert len(trained) == 1, "it is known before anything is trained"


def test_produce_when_the_lowest_is_best_then_ends_when_it_does_not_fall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = config(clean=_run().clean, stopping={"metric": "eer"})
    made = produced(run, tmp_path, last=DECIDE)
    values = iter((0.3, 0.2, 0.25))
    monkeypatch.setattr(ledger, "final_metrics", lambda _: {"selection/eer": next(values)})
    facts = loop.produce(job(run, LOOP, tmp_path, made), tmp_path / "looped")
    assert facts["best"] == 2 and len(facts["rounds"]) == 3


def _all_but(few: int, people: int) -> Callable[..., None]:
    """Findings that leave so many images of so many people."""

    def flagged(_: Any, seen: Evidence, room: Path) -> None:
        is_flagged = np.ones(len(seen), dtype=np.bool_)
        for label in range(people):
            is_flagged[np.flatnonzero(seen.given == label)[: few // people]] = False
        findings.write(seen.findings("strict", is_flagged, is_flagged * 1.0), room / decide.FILE)

    return flagged


@pytest.mark.parametrize(
    ("few", "people", "last_batch", "ends"),
    [(0, 1, "drop", True), (2, 2, "drop", True), (2, 1, "fill", True), (2, 2, "fill", False)],
    ids=str,
)
def test_produce_when_later_findings_leave_too_little_then_ends_with_the_best_before(
    few: int,
    people: int,
    last_batch: str,
    ends: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    measured: Callable[..., None],
    trained: Trained,
) -> None:
    run = config(clean=_run().clean, last_batch=last_batch)
    measured(0.6, 0.7, 0.8)
    monkeypatch.setattr(loop, "decided", _all_but(few, people))
    facts, room = _looped(run, tmp_path)
    assert len(trained) == (2 if ends else 3)
    if not ends:
        assert facts["best"] == 3 and facts["ended"] == "3 rounds are done"
        return
    assert facts["best"] == 1, "the second model is better, and nothing can be trained on its list"
    assert facts["ended"] == "the findings of round 2 leave too little to train on"
    assert f"leaves {few} images of {people if few else 0} people" in facts["rounds"][1]["shortage"]
    first = tmp_path / "made" / DECIDE / decide.FILE
    assert loop.findings(room).read_bytes() == first.read_bytes()


def test_produce_when_the_first_findings_leave_too_little_then_they_count(
    tmp_path: Path, trained: Trained
) -> None:
    """The run says so itself, as it does without rounds."""
    facts, room = _looped(_run(rule=RULE | {"drop_angle_deg": 0}), tmp_path)
    assert len(trained) == 1 and facts["best"] == 1
    assert facts["ended"] == "the findings of round 1 leave too little to train on"
    assert findings.read(loop.findings(room)).is_flagged.all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"after": "model"}, "a train stage leaves no findings to clean by"),
        ({"after": "once"}, "after='once': a loop stage is no first round; name the decide stage"),
        ({"model": "listed"}, "a decide stage trains no model"),
        ({"model": "other"}, "after='listed' judges the model of 'model', and model='other' is"),
        ({"after": "true"}, "after='true' judges no model, and model='model' is another"),
        ({"changes": {"epohcs": 1}}, "did you mean 'epochs'"),
        ({"rule": "oracle"}, "rule 'oracle' judges no model"),
        ({"rule": "boundary"}, "takes none; train another head there"),
        ({"rule": {"name": "early_loss", "first": 9, "last": 10}}, "epochs from 9 on"),
    ],
    ids=str,
)
def test_parse_when_a_loop_cannot_go_then_says_why(changes: dict[str, Any], message: str) -> None:
    again = {"name": "loop", "after": "listed", "model": "model", "rule": "loss_quantile"}
    stages = {
        "model": {"name": "train"},
        "other": {"name": "train", "changes": {"epochs": 1}},
        "seen": {"name": "evidence", "model": "model"},
        "unseen": {"name": "evidence", "sees": ()},
        "listed": {"name": "decide", "evidence": "seen", "rule": "loss_quantile"},
        "true": {"name": "decide", "evidence": "unseen", "rule": "oracle"},
        "once": again,
        "again": again | changes,
    }

    def used(name: str) -> set[str]:
        told = stages[name]
        inputs = [str(told[key]) for key in ("model", "after", "evidence") if key in told]
        return {name}.union(*(used(one) for one in inputs))

    kept = {name: stages[name] for name in used("again")}
    with pytest.raises(ConfigError, match=message):
        config(stages=kept, clean={"stage": "again"})
