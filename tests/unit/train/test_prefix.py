"""Runs that begin with the kept epochs of another one: as if trained from their beginning."""

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from safetensors.torch import load_file
from torch import Tensor

from frlib.artifacts.store import Artifacts
from frlib.data.prepare import dataset_digest
from frlib.records import ledger
from frlib.train import measuring, prefix, replicate
from frlib.train.config import TrainConfig
from frlib.train.loop import epochs
from frlib.train.place import Place
from frlib.train.prefix import FACT, KIND, Prefixes
from frlib.train.replicate import Ticket
from frlib.train.reporter import silent
from frlib.train.start import MODEL
from tests.integration import mini
from tests.unit.train.worlds import HERE, are_equal

Rows = list[dict[str, Any]]
FIRST, SECOND = {"head.margin": 0.1}, {"head.lam": 1.0, "optimiser.lr": 0.02}
EPOCHS = 4


class CutError(Exception):
    """The machine went away."""


def _config(*changes: tuple[int, Mapping[str, Any]], **others: Any) -> TrainConfig:
    base = mini.study().base
    data = base.data.model_copy(update={"benchmarks": ()})
    course = [{"epoch": epoch, "settings": settings} for epoch, settings in changes]
    return TrainConfig.parse(
        {
            **dict(base),
            "data": data,
            "noise": {"closed": {"ratio": 0.3}},
            "head": {"name": "boundary", "margin": 0.2, "first_corrected_epoch": 0},
            "epochs": EPOCHS,
            "log_every": 3,
            "course": course,
            **others,
        }
    )


def _ticket(store: Path, arm: str, *keep_at: int, seed: int = 0) -> Ticket:
    return Ticket(store, "s", arm * 16, seed, keep_at)


def _run(run: TrainConfig, ticket: Ticket) -> dict[str, float]:
    return replicate.run(run, ticket, HERE, silent)


def _model(ticket: Ticket) -> dict[str, Tensor]:
    return load_file(ticket.folder / MODEL)


def _told(ticket: Ticket, attempt: int = 0) -> Any:
    return json.loads((ticket.folder / f"a{attempt}" / "run.json").read_text())


def _rows(ticket: Ticket, table: str, attempt: int = 0) -> Rows:
    files = sorted((ticket.folder / f"a{attempt}").glob(f"{table}-*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def _curves(ticket: Ticket) -> dict[tuple[int, int, str], float]:
    """Every metric that time and machine have no part in, each on record once."""
    loose = ("time/", "memory/", "cost/", "energy/", "train/images_per_s")
    rows = [row for row in _rows(ticket, "metrics") if not row["name"].startswith(loose)]
    found = {(row["epoch"], row["step"], row["name"]): row["value"] for row in rows}
    assert len(found) == len(rows)
    return found


def _decisions(ticket: Ticket) -> list[tuple[Any, ...]]:
    return sorted(tuple(row.values()) for row in _rows(ticket, "decisions"))


def _same(one: Ticket, other: Ticket) -> None:
    assert are_equal(_model(one), _model(other))
    assert _curves(one) == _curves(other)
    assert _decisions(one) == _decisions(other) != []


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A parent, a child that changes after 1 epoch, and its child that changes after 3 as well."""
    store = tmp_path_factory.mktemp("family")
    _run(_config(), _ticket(store, "a", 1, 2))
    _run(_config((1, FIRST)), _ticket(store, "b", 3))
    _run(_config((1, FIRST), (3, SECOND)), _ticket(store, "c"))
    return store


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same runs, each from its beginning."""
    store = tmp_path_factory.mktemp("alone")
    _run(_config(), _ticket(store, "a"))
    _run(_config((1, FIRST)), _ticket(store, "b"))
    _run(_config((1, FIRST), (3, SECOND)), _ticket(store, "c"))
    return store


@pytest.mark.parametrize("arm", "abc")
def test_run_when_it_inherits_then_ends_and_is_recorded_as_if_trained_from_its_beginning(
    arm: str, family: Path, alone: Path
) -> None:
    _same(_ticket(family, arm), _ticket(alone, arm))


def test_run_when_it_inherits_then_says_from_whom(family: Path, alone: Path) -> None:
    for arm, epoch, of in (("b", 1, "a"), ("c", 3, "b")):
        ticket = _ticket(family, arm)
        told = _told(ticket)["facts"][FACT]
        digest = told.pop("prefix")
        step = epoch * mini.STEPS
        assert told == {"epoch": epoch, "step": step, "study": "s", "arm": of * 16, "seed": 0}
        (event,) = _rows(ticket, "events")
        assert event["name"] == FACT and digest in event["message"]
        assert not list(ticket.checkpoints.iterdir())
    for store, arm in ((family, "a"), (alone, "b")):
        assert FACT not in _told(_ticket(store, arm))["facts"]


def test_course_when_epochs_were_inherited_then_is_whole(family: Path, alone: Path) -> None:
    shown = [
        ledger.course(_ticket(store, "c").folder.parent, "selection/auc", (0,), EPOCHS)
        for store in (family, alone)
    ]
    assert shown[0] == shown[1] and list(shown[0]) == [1, 2, 3, 4]


def test_run_when_it_inherits_then_trains_the_rest_alone(
    family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[int] = []

    def noted(*given: Any, **named: Any) -> Any:
        for one in epochs(*given, **named):
            trained.extend([] if one.is_again else [one.number])
            yield one

    shutil.copytree(family / "artifacts", tmp_path / "artifacts")
    monkeypatch.setattr(replicate, "epochs", noted)
    reported: list[float] = []
    change = {"optimiser.weight_decay": 0.1}
    ticket = _ticket(tmp_path, "d")
    replicate.run(_config((2, change)), ticket, HERE, lambda row: reported.append(row["epoch"]))
    assert trained == [3, 4] and reported == [2, 3, 4]
    trained.clear()
    _run(_config((3, change)), _ticket(tmp_path, "e"))
    assert trained == [1, 2, 3, 4]
    trained.clear()
    _run(_config((1, FIRST), (2, change)), _ticket(tmp_path, "f"))
    assert trained == [2, 3, 4]


def test_run_when_the_best_model_counts_then_an_inherited_one_can_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {1: 0.9, 2: 0.7, 3: 0.8, 4: 0.6}

    def measured(config: TrainConfig, done: Any, *_: Any) -> dict[str, float]:
        return {f"selection/{name}": values[done.number] for name in ("auc", "accuracy", "eer")}

    monkeypatch.setattr(measuring, "selected", measured)
    best: dict[str, Any] = {"stopping": {"model": "best"}, "keep_checkpoints": 1}
    _run(_config(**best), _ticket(tmp_path / "one", "a", 2))
    for store in ("one", "two"):
        row = _run(_config((2, FIRST), **best), _ticket(tmp_path / store, "b"))
        assert row["selection/auc"] == 0.9
    one, two = (_ticket(tmp_path / store, "b") for store in ("one", "two"))
    assert _told(one)["facts"][FACT]["epoch"] == 2 and FACT not in _told(two)["facts"]
    assert are_equal(_model(one), _model(two))
    assert are_equal(_model(one), _model(_ticket(tmp_path / "one", "a")))


@pytest.mark.parametrize("cut", [2, 3])
def test_run_when_it_is_cut_after_inheriting_then_resumes_and_still_says_from_whom(
    cut: int, family: Path, tmp_path: Path
) -> None:
    shutil.copytree(family / "artifacts", tmp_path / "artifacts")
    ticket = _ticket(tmp_path, "d", 3)

    def report(row: Mapping[str, float]) -> None:
        if row["epoch"] == cut:
            raise CutError

    run = _config((2, FIRST))
    with pytest.raises(CutError):
        replicate.run(run, ticket, HERE, report)
    _run(run, ticket)
    _run(run, _ticket(tmp_path / "whole", "d"))
    assert _told(ticket, 1)["facts"][FACT] == _told(ticket, 0)["facts"][FACT]
    assert are_equal(_model(ticket), _model(_ticket(tmp_path / "whole", "d")))
    grandchild = _ticket(tmp_path, "e")
    _run(_config((2, FIRST), (3, SECOND)), grandchild)
    assert _told(grandchild)["facts"][FACT]["epoch"] == 3
    _run(_config((2, FIRST), (3, SECOND)), _ticket(tmp_path / "whole", "e"))
    _same(grandchild, _ticket(tmp_path / "whole", "e"))


def test_run_when_it_is_killed_while_inheriting_then_begins_once_more(
    family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: Any) -> None:
        raise CutError

    shutil.copytree(family / "artifacts", tmp_path / "artifacts")
    ticket = _ticket(tmp_path, "d")
    with monkeypatch.context() as patched:
        patched.setattr(prefix.checkpoint, "copy", cut)
        with pytest.raises(CutError):
            _run(_config((1, FIRST)), ticket)
    _run(_config((1, FIRST)), ticket)
    assert {row["epoch"] for row in _rows(ticket, "metrics", 1)} == {1, 2, 3, 4}
    assert are_equal(_model(ticket), _model(_ticket(family, "b")))


@pytest.mark.parametrize(
    "name", ["checkpoints/000000012.safetensors", "prefix.json", "metrics.parquet"]
)
def test_run_when_a_prefix_is_damaged_then_takes_a_shorter_one(
    name: str, family: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(family / "artifacts", tmp_path / "artifacts")
    ticket = _ticket(tmp_path, "c")
    run = _config((1, FIRST), (3, SECOND))
    longest = Prefixes(Artifacts(tmp_path), run, ticket).digest(3)
    file = tmp_path / "artifacts" / KIND / longest / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    file.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        _run(run, ticket)
    assert "damaged" in caplog.text
    assert _told(ticket)["facts"][FACT]["epoch"] == 1
    assert are_equal(_model(ticket), _model(_ticket(family, "c")))


def test_keep_when_the_run_was_cut_before_it_then_is_done_when_it_goes_on(
    family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: Any) -> None:
        raise CutError

    ticket = _ticket(tmp_path, "a", 2)
    with monkeypatch.context() as patched:
        patched.setattr(Prefixes, "keep", cut)
        with pytest.raises(CutError):
            _run(_config(), ticket)
    _run(_config(), ticket)
    child = _ticket(tmp_path, "d")
    _run(_config((2, FIRST)), child)
    assert _told(child)["facts"][FACT]["epoch"] == 2
    loss = [row for row in _rows(child, "metrics") if row["name"] == "train/loss"]
    assert [row["epoch"] for row in loss] == [1, 2, 3, 4]


def test_keep_when_another_epoch_is_under_way_then_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken up inside epoch 2, a run shows epoch 1 again, but is past it."""

    def cut(row: Mapping[str, float]) -> None:
        if row["epoch"] == 1:
            monkeypatch.setattr(replicate.Keeper, "save", saving)

    save = replicate.Keeper.save

    def saving(own: Any, state: Any, *given: Any) -> None:
        save(own, state, *given)
        own.wait()
        raise CutError

    run = _config(checkpoint_every=1)
    ticket = _ticket(tmp_path, "a")
    with pytest.raises(CutError):
        replicate.run(run, ticket, HERE, cut)
    monkeypatch.setattr(replicate.Keeper, "save", save)
    _run(run, _ticket(tmp_path, "a", 1))
    assert not (tmp_path / "artifacts").exists()


def test_digest_when_what_comes_later_differs_then_is_the_same(tmp_path: Path) -> None:
    def digest(*changes: tuple[int, Mapping[str, Any]], epoch: int = 2, **others: Any) -> str:
        seed = others.pop("seed", 0)
        ticket = _ticket(tmp_path, "a", seed=seed)
        return Prefixes(Artifacts(tmp_path), _config(*changes, **others), ticket).digest(epoch)

    own = digest((1, FIRST))
    assert own == digest((1, FIRST), (2, SECOND)) == digest((1, FIRST), (3, SECOND))
    assert own == digest((1, FIRST), keep_checkpoints=7)
    others = [
        digest(),
        digest((1, SECOND)),
        digest((1, FIRST), epoch=3),
        digest((1, FIRST), seed=1),
        digest((1, FIRST), epochs=5),
        digest((1, FIRST), data=mini.study().base.data),
    ]
    assert len({own, *others}) == 1 + len(others)
    assert digest() == digest((2, FIRST)) and digest() != digest((1, FIRST))


def test_digest_when_the_images_change_then_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = _ticket(tmp_path, "a")
    before = Prefixes(Artifacts(tmp_path), _config(), ticket).digest(1)
    monkeypatch.setattr(
        prefix, "dataset_digest", lambda *given: dataset_digest(*given) | {"train": "other"}
    )
    assert Prefixes(Artifacts(tmp_path), _config(), ticket).digest(1) != before


def test_run_when_it_is_not_the_first_worker_then_touches_no_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Another(Place):
        is_first = False

        def told(self, value: float | None) -> float:
            return 0.5

    def none(*_: Any) -> None:
        raise AssertionError("only the first worker looks at prefixes")

    monkeypatch.setattr(replicate, "Prefixes", none)
    run = _config((1, FIRST), epochs=2)
    replicate.run(run, _ticket(tmp_path, "a", 1), Another(HERE.device), silent)
