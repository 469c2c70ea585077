"""A state goes on with any number of workers and any way of sharing out the classes.

Runs are trained to the end with a checkpoint after every step; each is then taken up again from one
inside its second epoch. At the same place it arrives at the same bits, at another one at the same
numbers but for rounding.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.distributed.training import Job, Result, done, relative

pytestmark = pytest.mark.dist

RUNS: dict[str, dict[str, Any]] = {
    "boundary, moving haar": {
        "head": {"name": "boundary", "margin": 0.1, "first_corrected_epoch": 0},
        "schedule": {"name": "moving_haar", "alpha": 0.3, "lam": 1.0, "tau": 0.2},
    },
    "adam sampled, adamw, averaged": {
        "head": {"name": "adam_softmax", "lam": 1.0, "sample_rate": 0.5},
        "optimiser": {"name": "adamw", "lr": 0.003},
        "ema": 0.8,
    },
    "repface in pieces": {
        "head": {"name": "repface", "scale": 16.0, "margin": 0.1, "first_corrected_epoch": 1},
        "accumulate": 2,
    },
    "adaface, balanced": {
        "head": {"name": "adaface", "scale": 16.0},
        "sampling": "class_balanced",
        "last_batch": "fill",
    },
    "settings that change": {
        "head": {"name": "boundary", "margin": 0.1, "first_corrected_epoch": 0},
        "ema": 0.8,
        "course": [
            {
                "epoch": 1,
                "settings": {
                    "head.margin": 0.3,
                    "head.sample_rate": 0.5,
                    "optimiser.head_rate": 2.0,
                },
            }
        ],
    },
}
TAKEN_UP = 4
"""Steps done at the checkpoint; an epoch has 3."""
TOLERANCE = 1e-6
"""At another place, in float64; see `relative`."""
FEW = ("1 replicated", "2 replicated", "2 sharded")
MANY = ("4 replicated", "4 sharded")
Runs = dict[str, Result]


def _job(name: str, place: str, folder: Path) -> Job:
    way = place.split()[1]
    changes = RUNS[name] | {"class_rows": way, "checkpoint_every": 1}
    return Job(folder.name, changes, str(folder))


def _all_done(jobs: Iterable[tuple[str, Job]], folder: Path) -> Runs:
    """Jobs at their places, those of as many workers together."""
    found: Runs = {}
    todo = list(jobs)
    for size in sorted({place.split()[0] for place, _ in todo}):
        own = [job for place, job in todo if place.split()[0] == size]
        found |= done(own, int(size), folder / f"found{size}")
    return found


def _undisturbed(places: Iterable[str], folder: Path) -> Runs:
    """`run at place`: every run to its end."""
    jobs = [(at, _job(name, at, folder / f"{name} at {at}")) for name in RUNS for at in places]
    return _all_done(jobs, folder)


def _taken_up(befores: Iterable[str], afters: Iterable[str], whole: Path, folder: Path) -> Runs:
    """`run at before to after`: every run from its checkpoint at one place to its end."""
    jobs = []
    for name in RUNS:
        for before in befores:
            for after in afters:
                kept = folder / f"{name} at {before} to {after}"
                kept.mkdir()
                for path in (whole / f"{name} at {before}").glob(f"{TAKEN_UP:09d}.*"):
                    shutil.copy(path, kept)
                jobs.append((after, _job(name, after, kept)))
    return _all_done(jobs, folder)


def _check(found: Runs, whole: Runs, before: str, after: str) -> None:
    """Bit for bit where the place is the same."""
    for name in RUNS:
        own, wanted = found[f"{name} at {before} to {after}"], dict(whole[f"{name} at {before}"])
        wanted["curves"] = wanted["curves"][TAKEN_UP:]
        assert len(wanted["curves"]) >= 2
        if before == after:
            for key, value in wanted.items():
                assert torch.equal(own[key], value), f"{name}: {key}"
        else:
            assert torch.equal(own["flagged"], wanted["flagged"]), name
            assert relative(own, wanted) < TOLERANCE, name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the checkpoints of undisturbed runs."""
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def whole(folder: Path) -> Runs:
    """Undisturbed runs of one worker and of two."""
    return _undisturbed(FEW, folder)


@pytest.fixture(scope="module")
def taken_up(whole: Runs, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """All of them at all places."""
    return _taken_up(FEW, FEW, folder, tmp_path_factory.mktemp("taken_up"))


def test_runs_when_whole_then_have_decisions_and_cuts_to_lose(whole: Runs) -> None:
    names = ("boundary, moving haar", "repface in pieces")
    boundary, repface = (whole[f"{name} at 2 sharded"] for name in names)
    assert len(boundary["flagged"]) and boundary["schedule"].count_nonzero() > 2
    assert (repface["model.head.relabel.candidate"] >= 0).any()


@pytest.mark.parametrize("after", FEW)
@pytest.mark.parametrize("before", FEW)
def test_run_when_taken_up_inside_an_epoch_then_ends_as_if_undisturbed(
    before: str, after: str, whole: Runs, taken_up: Runs
) -> None:
    _check(taken_up, whole, before, after)


@pytest.mark.slow
def test_run_when_taken_up_by_four_workers_and_by_fewer_again_then_ends_as_if_undisturbed(
    whole: Runs, folder: Path, tmp_path: Path
) -> None:
    for before in FEW[1:]:
        (tmp_path / before).mkdir()
        found = _taken_up([before], MANY, folder, tmp_path / before)
        for after in MANY:
            _check(found, whole, before, after)
    of_four = tmp_path / "four"
    wanted = _undisturbed(MANY, of_four)
    for before in MANY:
        (tmp_path / before).mkdir()
        found = _taken_up([before], [*FEW, before], of_four, tmp_path / before)
        for after in (*FEW, before):
            _check(found, wanted, before, after)
