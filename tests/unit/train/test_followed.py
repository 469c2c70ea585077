"""Losses of every sample in every epoch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from frlib.core.errors import NumericsError
from frlib.optimisers import sgd
from frlib.train import replicate
from frlib.train.followed import FILE, Followed
from frlib.train.loop import epochs
from frlib.train.place import here
from frlib.train.replay import replay
from frlib.train.reporter import silent
from tests.unit.stages.runs import config
from tests.unit.train import worlds

HERE = here(use_gpu=False)


def _past(kept: Followed) -> np.ndarray:
    return kept.tensors()["past"].numpy()


def test_followed_when_samples_are_seen_then_their_losses_are_kept_and_others_unknown() -> None:
    kept = Followed(2, 4, torch.device("cpu"))
    kept.add([(torch.tensor([2, 0]), torch.tensor([0.5, 1.5]))])
    kept.close(0)
    kept.add([(torch.tensor([1]), torch.tensor([3.0]))])
    kept.close(1)
    expected = [[1.5, np.nan, 0.5, np.nan], [np.nan, 3.0, np.nan, np.nan]]
    np.testing.assert_array_equal(_past(kept), np.array(expected, dtype=np.float16))


def _losses(tmp_path: Path, name: str, **ticket: Any) -> np.ndarray:
    run = config(epochs=3, checkpoint_every=1)
    told = replicate.Ticket(tmp_path, name, "a", 0, follow=True, **ticket)
    replicate.run(run, told, HERE, silent)
    found: np.ndarray = np.load(told.folder / FILE)
    return found


def test_run_when_it_follows_samples_then_keeps_the_mean_that_it_records(tmp_path: Path) -> None:
    found = _losses(tmp_path, "one")
    assert found.shape[0] == 3
    assert (np.isfinite(found).sum(axis=1) // 16 * 16 == np.isfinite(found).sum(axis=1)).all()
    metrics = replicate.Ticket(tmp_path, "one", "a", 0).folder
    from frlib.records import ledger

    attempt = ledger.completed(metrics)
    assert attempt is not None
    last = ledger.final_metrics(attempt)["train/loss"]
    assert np.nanmean(found[-1].astype(np.float64)) == pytest.approx(last, rel=1e-3)


def test_run_when_it_is_cut_inside_an_epoch_then_keeps_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _losses(tmp_path, "whole")
    from frlib.train import loop

    class CutError(Exception):
        pass

    steps = 0
    own = loop.step

    def cut(*args: Any, **told: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 7:
            raise CutError
        return own(*args, **told)

    with monkeypatch.context() as patched:
        patched.setattr(loop, "step", cut)
        with pytest.raises(CutError):
            _losses(tmp_path, "cut")
    np.testing.assert_array_equal(_losses(tmp_path, "cut"), whole)


def test_failure_when_samples_were_followed_then_is_done_again_without_their_losses(
    tmp_path: Path,
) -> None:
    wild = worlds.config(optimiser=sgd.Config(lr=1e30, clip_norm=0.0))
    passes = epochs(
        wild,
        worlds.manifest(),
        worlds.pixels(),
        seed=0,
        place=HERE,
        folder=tmp_path,
        follow=True,
    )
    with pytest.raises(NumericsError, match="frlib train replay"):
        list(passes)
    (kept,) = (tmp_path / "failures").iterdir()
    found = replay(kept)
    assert not found.is_finite and found.now.to_json() == found.then
