"""Trainings in a row: where each begins, which one is left, and that nothing is done twice."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from frlib.core.config import digest
from frlib.core.errors import ConfigError, DataError
from frlib.records import finished, ledger
from frlib.stages import _training, digests, rounds
from frlib.train import replicate
from frlib.train.config import TrainConfig
from frlib.train.start import MODEL, checksum
from tests.unit.stages.runs import config, job

AUC = "selection/auc"
DATA = {"train": "t0"}


class CutError(Exception):
    """The machine went away."""


def _run(*margins: float, **changes: Any) -> TrainConfig:
    each = [{"head.margin": margin} for margin in margins]
    stage = {"name": "rounds", "changes": {"epochs": 1}, "each": each} | changes
    return config(stages={"raised": stage}, start={"stage": "raised", "head": True})


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the selection metric of every round."""

    def told(*values: float) -> None:
        read = ledger.final_metrics

        def changed(attempt: Path) -> dict[str, float]:
            (number,) = (int(p.name[5:]) for p in attempt.parents if p.name.startswith("round"))
            return read(attempt) | {AUC: values[number]}

        monkeypatch.setattr(ledger, "final_metrics", changed)

    return told


def _begun(room: Path, number: int) -> Any:
    return finished.find(_training.finished(room / f"round{number}")).config


@pytest.mark.parametrize(
    ("values", "starts", "best"),
    [
        ((0.5, 0.6, 0.7), (0, 1), 2),
        ((0.5, 0.6, 0.55), (0, 1), 1),
        ((0.5, 0.4, 0.45), (0, 0), 0),
        ((0.5, 0.5, 0.6), (0, 0), 2),
        ((0.5, float("nan"), 0.4), (0, 0), 0),
    ],
    ids=str,
)
def test_produce_when_rounds_follow_then_each_starts_from_the_best_so_far(
    values: tuple[float, ...],
    starts: tuple[int, ...],
    best: int,
    tmp_path: Path,
    measured: Callable[..., None],
) -> None:
    run, room = _run(0.1, 0.2, 0.3), tmp_path / "raised"
    measured(*values)
    facts = rounds.produce(job(run, "raised", tmp_path), room)
    assert facts["best"] == best and [one["round"] for one in facts["rounds"]] == [0, 1, 2]
    assert _begun(room, 0)["start"] is None
    for number, start in enumerate(starts, 1):
        told = _begun(room, number)["start"]
        assert told["head"] and told["sha256"] == checksum(
            _training.finished(room / f"round{start}") / MODEL
        )
    margins = [_begun(room, number)["head"]["margin"] for number in range(3)]
    assert margins == [0.1, 0.2, 0.3] and _begun(room, 2)["epochs"] == 1
    assert rounds.weights(room) == _training.finished(room / f"round{best}")
    trained = rounds.trained(run.stages["raised"], run, room)  # type: ignore[arg-type]
    assert trained.head.margin == margins[best]  # type: ignore[attr-defined]


def test_produce_when_killed_then_rounds_that_are_done_are_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, begun, train = _run(0.1, 0.2), list[Path](), replicate.run

    def cut_at(last: int) -> Callable[..., Mapping[str, float]]:
        def noted(*given: Any) -> Mapping[str, float]:
            begun.append(given[1].folder)
            if len(begun) == last:
                raise CutError
            return train(*given)

        return noted

    monkeypatch.setattr(replicate, "run", cut_at(2))
    with pytest.raises(CutError):
        rounds.produce(job(run, "raised", tmp_path), tmp_path / "cut")
    (tmp_path / "cut").rename(tmp_path / "another producer's")
    room = tmp_path / "another producer's"
    facts = rounds.produce(job(run, "raised", tmp_path), room)
    assert [path.parents[2].name for path in begun] == ["round0", "round1", "round1"]
    assert rounds.produce(job(run, "raised", tmp_path), room) == facts and len(begun) == 3
    assert rounds.weights(room).is_dir()


def test_produce_when_nothing_is_measured_then_says_what_to_do(
    tmp_path: Path, measured: Callable[..., None]
) -> None:
    measured(float("nan"), 0.5)
    with pytest.raises(DataError, match="selection/auc of the first round is not a number"):
        rounds.produce(job(_run(0.1, 0.2), "raised", tmp_path), tmp_path / "raised")


def test_digests_when_a_round_differs_then_differ() -> None:
    told = [
        _run(0.1, 0.2),
        _run(0.2, 0.1),
        _run(0.1),
        _run(0.1, 0.2, 0.2),
        _run(0.1, 0.2, changes={"epochs": 2}),
        _run(0.1, 0.2, seed=4),
    ]
    assert len({digests(run, 0, DATA)["raised"] for run in told}) == len(told)
    assert len({digest(run) for run in told}) == len(told)


def test_parse_when_a_round_does_not_fit_then_says_which_field() -> None:
    with pytest.raises(ConfigError, match=r"stages\.raised: changes: head\.lam: no such field"):
        config(
            stages={"raised": {"name": "rounds", "each": [{}, {"head.lam": 1}]}},
            start={"stage": "raised"},
        )
    for fields, message in (
        ({"data.size": 48}, r"stages\.raised: each: round 1 changes data\.size, .* in changes"),
        ({"noise.closed.ratio": 0.1}, r"each: round 1 changes noise\.closed\.ratio"),
        ({"stopping.metric": "eer"}, r"rounds have stopping\.metric auc and eer, .* in changes"),
    ):
        with pytest.raises(ConfigError, match=message):
            config(
                stages={"raised": {"name": "rounds", "each": [{}, fields]}},
                start={"stage": "raised"},
            )
    shared = {"data.size": 48, "noise.closed.ratio": 0.1, "stopping.metric": "eer"}
    assert _run(0.1, 0.2, changes=shared).stage_runs()["raised"].data.size == 48
    with pytest.raises(ConfigError, match="at least 1"):
        config(stages={"raised": {"name": "rounds", "each": []}}, start={"stage": "raised"})
