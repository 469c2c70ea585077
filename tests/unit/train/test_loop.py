"""The loop: repeats from its seed, resumes bit for bit, records decisions, fails with a reason."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.evaluate.embed import to_input
from frlib.heads.config import HeadConfig
from frlib.heads.presets import adam_softmax, boundary, curricular, elastic, repface
from frlib.optimisers import sgd
from frlib.schedules import moving_haar
from frlib.train import checkpoint, loop
from frlib.train.config import TrainConfig
from frlib.train.loop import Epoch, epochs
from frlib.train.passes import Piece, spread
from frlib.train.place import Place
from tests.unit.train.worlds import HERE, config, keeper, manifest, manner, pixels, save


def _run(run: TrainConfig, seed: int = 0, flips: int = 0) -> list[Epoch]:
    return list(epochs(run, manifest(flips), pixels(), seed=seed, place=HERE))


def _weights(epoch: Epoch) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in epoch.state.tensors().items()}


def test_epochs_when_trained_then_the_loss_falls_and_every_pass_is_yielded() -> None:
    found = _run(config(epochs=8))
    assert [e.number for e in found] == list(range(1, 9))
    assert found[-1].step == 8 * 3
    assert found[-1].row["train/loss"] < 0.7 * found[0].row["train/loss"]


def test_epochs_when_the_seed_is_equal_then_weights_are_bit_equal() -> None:
    first, again, other = (_weights(_run(config(), seed)[-1]) for seed in (1, 1, 2))
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not all(torch.equal(first[k], other[k]) for k in first)


@pytest.mark.parametrize("head", ["arcface", "curricular"])
def test_epochs_when_resumed_from_any_epoch_then_weights_are_bit_equal(
    head: str, tmp_path: Path
) -> None:
    run = config(head=head)
    whole = _weights(_run(run)[-1])
    for stop in (1, 2):
        folder = tmp_path / f"{head}{stop}"
        for epoch in epochs(run, manifest(), pixels(), seed=0, place=HERE):
            if epoch.number == stop:
                save(epoch.state, folder)
                break
        rest = list(epochs(run, manifest(), pixels(), seed=0, place=HERE, keeper=keeper(folder)))
        assert [e.number for e in rest] == list(range(stop, 4))
        resumed = _weights(rest[-1])
        assert resumed.keys() == whole.keys()
        assert all(torch.equal(resumed[k], whole[k]) for k in whole)


def test_epochs_when_the_schedule_follows_the_loss_then_resumed_rates_are_bit_equal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []

    def noted(*given: Any, lr: float, **named: Any) -> Any:
        rates.append(lr)
        return step(*given, lr=lr, **named)

    step = loop.step
    monkeypatch.setattr(loop, "step", noted)
    schedule = moving_haar.Config(alpha=0.3, beta=0.7, lam=100.0, tau=0.2)
    run = config(schedule=schedule)
    last = _run(run)[-1]
    whole, weights, numbers = list(rates), _weights(last), last.state.schedule.numbers()
    # Every step but the first is a plateau step, and int(0.2 * 9) = 1 is borne: 2, 4, 6, 8 cut.
    assert [0.05 / rate for rate in whole] == [1, 1, 1, 1, 2, 2, 4, 4, 8]
    assert numbers["cuts"] == 4
    for stop in (1, 2):
        folder = tmp_path / str(stop)
        for epoch in epochs(run, manifest(), pixels(), seed=0, place=HERE):
            if epoch.number == stop:
                save(epoch.state, folder)
                break
        rates.clear()
        rest = list(epochs(run, manifest(), pixels(), seed=0, place=HERE, keeper=keeper(folder)))
        assert rates == whole[3 * stop :]
        resumed = _weights(rest[-1])
        assert all(torch.equal(resumed[k], weights[k]) for k in weights)
        assert rest[-1].state.schedule.numbers() == numbers


@pytest.mark.parametrize("taken", [1, 4, 5])
@pytest.mark.parametrize("sampling", ["instance", "class_balanced"])
def test_epochs_when_resumed_in_mid_epoch_then_goes_on_with_the_next_batch(
    sampling: str, taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []

    class CutError(Exception):
        pass

    def noted(state: Any, net: Any, pieces: Any, *given: Any, **named: Any) -> Any:
        if len(seen) == taken and cuts:
            raise CutError
        seen.append(pieces[0].samples.tolist())
        return step(state, net, pieces, *given, **named)

    step = loop.step
    monkeypatch.setattr(loop, "step", noted)
    run = config(
        sampling=sampling,
        augment={"crop": 2, "contrast": 0.2},
        head=boundary.Config(margin=0.1, first_corrected_epoch=0),
        checkpoint_every=1,
    )
    cuts = False
    whole, batches = _run(run, flips=6), list(seen)
    seen.clear()
    cuts = True
    folder = keeper(tmp_path)
    with pytest.raises(CutError):
        list(epochs(run, manifest(6), pixels(), seed=0, place=HERE, keeper=folder))
    folder.wait()
    cuts = False
    seen.clear()
    rest = list(epochs(run, manifest(6), pixels(), seed=0, place=HERE, keeper=keeper(tmp_path)))
    assert seen == batches[taken:]
    resumed, wanted = _weights(rest[-1]), _weights(whole[-1])
    assert all(torch.equal(resumed[k], wanted[k]) for k in wanted)
    for one, other in zip(rest[-2:], whole[-2:], strict=True):
        assert one.row["train/loss"] == other.row["train/loss"]
        assert np.array_equal(one.verdicts.rows, other.verdicts.rows)
        assert one.verdicts.scores == other.verdicts.scores


def test_epochs_when_the_last_batch_is_filled_then_every_image_is_trained_on() -> None:
    run = config(batch_size=20, last_batch="fill", epochs=1)
    (only,) = _run(run)
    assert only.step == 3
    (dropped,) = _run(config(batch_size=20, epochs=1))
    assert dropped.step == 2


def test_epochs_when_samples_repeat_then_decisions_are_still_scored() -> None:
    run = config(
        head=boundary.Config(margin=0.1, first_corrected_epoch=0),
        batch_size=20,
        last_batch="fill",
        sampling="class_balanced",
        epochs=3,
    )
    found = _run(run, flips=4)
    assert all(len(np.unique(e.verdicts.rows)) == len(e.verdicts.rows) for e in found)
    assert all("corrections/precision" in e.row for e in found)


@pytest.mark.parametrize("places", [{"read_ahead": 0}, {"read_ahead": 5}])
def test_epochs_when_read_ahead_differs_then_weights_are_bit_equal(places: dict) -> None:
    run = config()
    other = config(data={**run.data.model_dump(), **places})
    one, two = (_weights(_run(r)[-1]) for r in (run, other))
    assert all(torch.equal(one[k], two[k]) for k in one)


def test_epochs_when_pixels_cannot_be_read_then_their_error_comes_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> None:
        raise DataError("x: anna/1.jpg cannot be decoded")

    monkeypatch.setattr(type(pixels()), "batch", broken)
    with pytest.raises(DataError, match=r"anna/1\.jpg"):
        _run(config())


def test_restore_when_the_newest_checkpoint_is_damaged_then_takes_the_one_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for epoch in epochs(config(), manifest(), pixels(), seed=0, place=HERE):
        save(epoch.state, tmp_path)
    names = sorted(p.name for p in tmp_path.glob("*.safetensors"))
    assert names == ["000000006.safetensors", "000000009.safetensors"]
    newest = tmp_path / names[-1]
    newest.write_bytes(newest.read_bytes()[:-7])
    state = _run(config(epochs=1))[-1].state
    assert checkpoint.restore(state, tmp_path)
    assert state.epoch == 2
    assert "damaged" in caplog.text


def test_verdicts_when_labels_are_flipped_then_are_recorded_and_scored() -> None:
    run = config(head=boundary.Config(margin=0.1, first_corrected_epoch=3), epochs=14)
    found = _run(run, flips=4)
    assert all("corrections/precision" not in e.row for e in found[:3])
    last = found[-1]
    assert last.row["corrections/flagged"] == len(last.verdicts.rows)
    assert sum(len(e.verdicts.rows) for e in found) > 0
    seen = next(e for e in found if len(e.verdicts.rows))
    given = manifest(4).labels[seen.verdicts.rows]
    assert (seen.verdicts.given == given).all()
    assert (seen.verdicts.proposed != given).all()
    assert (seen.verdicts.score > 0).all()


def test_state_when_the_head_has_statistics_then_the_checkpoint_holds_them(tmp_path: Path) -> None:
    last = _run(config(head=curricular.Config(scale=16.0)))[-1]
    names = [n for n in last.state.tensors() if n.startswith("model.head.negatives")]
    assert names, "CurricularFace's moving average is part of the state"


def test_epochs_when_the_loss_explodes_then_says_where() -> None:
    wild = config(optimiser=sgd.Config(lr=1e30, clip_norm=0.0))
    with pytest.raises(NumericsError, match=r"step \d+ \(epoch \d\), worker 0: not finite"):
        _run(wild)


def test_epochs_when_the_batch_is_larger_than_the_data_then_says_both_numbers() -> None:
    with pytest.raises(DataError, match="batch_size=64, but only 48"):
        _run(config(batch_size=64))


def test_epochs_when_the_batch_does_not_divide_then_is_refused() -> None:
    class Three:
        rank, size = 0, 3

    with pytest.raises(ConfigError, match="does not divide into 3"):
        next(epochs(config(), manifest(), pixels(), seed=0, place=Place(HERE.device, Three())))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "head",
    [
        boundary.Config(margin=0.1, first_corrected_epoch=1, sample_rate=0.5),
        repface.Config(scale=16.0, first_corrected_epoch=1),
        elastic.Config(scale=16.0, plus=True),
        adam_softmax.Config(lam=1.0),
    ],
    ids=lambda head: head.name,
)
def test_epochs_when_resumed_then_the_heads_draws_and_memory_go_on_bit_equal(
    head: HeadConfig, tmp_path: Path
) -> None:
    run = config(head=head)
    wanted = _weights(_run(run, flips=6)[-1])
    for epoch in epochs(run, manifest(6), pixels(), seed=0, place=HERE):
        if epoch.number == 2:
            save(epoch.state, tmp_path)
            break
    rest = list(epochs(run, manifest(6), pixels(), seed=0, place=HERE, keeper=keeper(tmp_path)))
    found = _weights(rest[-1])
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[k], wanted[k]) for k in wanted)


@pytest.mark.parametrize("frozen", [True, False])
def test_step_when_a_class_takes_no_part_then_what_is_its_stays_only_if_frozen(
    frozen: bool,
) -> None:
    head = adam_softmax.Config(lam=1.0, sample_rate=0.01, frozen_rows=frozen)
    state = _run(config(head=head, batch_size=2, epochs=1))[-1].state
    parts = state.trainee.head.weight, state.trainee.head.state_of("margin").margin
    before = [part.detach().clone() for part in parts]
    images = to_input(torch.from_numpy(pixels().batch(np.arange(2))))
    piece = Piece(images, torch.tensor([0, 1]), torch.arange(2), 0)
    loop.step(state, spread(state.trainee, HERE), [piece], manner(2), lr=0.1)
    for part, old in zip(parts, before, strict=True):
        stayed = (part == old).reshape(len(part), -1).all(1)
        assert stayed.tolist() == [False, False] + [frozen] * 4
