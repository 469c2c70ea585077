import threading
import time
import traceback
from typing import Any

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.loading.batch import Batch
from frlib.data.loading.loader import Loader
from frlib.data.pixels.batches import Pixels
from tests.unit.data.loading.made import COUNT, LABELS, SIZE, images, pixels, tasks

Kept = tuple[Any, ...]


def _kept(batch: Batch) -> Kept:
    """A copy that lives on when the buffer is filled again."""
    draws = batch.draws
    columns = (batch.rows, batch.images, batch.labels, draws.flip, draws.shift, draws.colour)
    return batch.step, *(np.array(column) for column in columns)


def _all(loader: Loader, epoch: int = 0, first_step: int = 0) -> list[Kept]:
    return [_kept(batch) for batch in loader.batches(epoch, first_step)]


def _same(found: list[Kept], expected: list[Kept]) -> None:
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def _readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "read-ahead"]


def test_batches_when_read_then_pixels_and_labels_of_their_rows() -> None:
    steps, rows, found, labels, *_ = zip(*_all(Loader(pixels(), tasks())), strict=True)
    assert steps == tuple(range(7))
    assert sorted(np.concatenate(rows)[:COUNT].tolist()) == list(range(COUNT))
    np.testing.assert_array_equal(np.concatenate(found), images()[np.concatenate(rows)])
    np.testing.assert_array_equal(np.concatenate(labels), LABELS[np.concatenate(rows)])


@pytest.mark.parametrize("sampling", ["instance", "class_balanced"])
@pytest.mark.parametrize("depth", [1, 2, 9])
def test_batches_when_read_ahead_then_as_without(depth: int, sampling: str) -> None:
    for epoch in (0, 3):
        expected = _all(Loader(pixels(), tasks(sampling=sampling), depth=0), epoch)
        _same(_all(Loader(pixels(), tasks(sampling=sampling), depth=depth), epoch), expected)


@pytest.mark.parametrize("world", [2, 4])
def test_batches_when_shared_out_then_together_those_of_one_worker(world: int) -> None:
    shares = [_all(Loader(pixels(), tasks(world=world, rank=r))) for r in range(world)]
    joined = [
        (together[0][0], *(np.concatenate(c) for c in list(zip(*together, strict=True))[1:]))
        for together in zip(*shares, strict=True)
    ]
    _same(joined, _all(Loader(pixels(), tasks())))


@pytest.mark.parametrize("first_step", [1, 4, 6])
@pytest.mark.parametrize("depth", [0, 2])
def test_batches_when_begun_in_mid_epoch_then_exactly_the_tail(depth: int, first_step: int) -> None:
    whole = _all(Loader(pixels(), tasks(), depth), 2)
    _same(_all(Loader(pixels(), tasks(), depth), 2, first_step), whole[first_step:])


def test_batches_when_one_loader_serves_many_epochs_then_each_as_by_its_own() -> None:
    loader = Loader(pixels(), tasks())
    for epoch in (0, 1, 0):
        _same(_all(loader, epoch), _all(Loader(pixels(), tasks()), epoch))


def test_buffers_when_batches_are_many_then_only_as_many_as_the_depth_needs() -> None:
    made = []

    def allocate(shape: tuple[int, ...]) -> np.ndarray:
        made.append(np.empty(shape, dtype=np.uint8))
        return made[-1]

    loader = Loader(pixels(), tasks(), depth=3, allocate=allocate)
    assert all(
        any(batch.images is buffer for buffer in made)
        for epoch in range(3)
        for batch in loader.batches(epoch)
    )
    assert [buffer.shape for buffer in made] == [(8, SIZE, SIZE, 3)] * 4


class _Counted(Pixels):
    """Counts the batches asked for."""

    def batch(self, rows: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        asked.append(len(rows))
        return super().batch(rows, out)


asked: list[int] = []


def _counted() -> _Counted:
    asked.clear()
    made = pixels()
    return _Counted(made.size, made.parts, made.sources, made.places)


def _wait_for(batches: int) -> None:
    end = time.monotonic() + 30
    while len(asked) < batches and time.monotonic() < end:
        time.sleep(0.005)
    assert len(asked) >= batches


def test_depth_when_the_consumer_stands_still_then_so_many_are_read_and_no_more() -> None:
    batches = Loader(_counted(), tasks(), depth=3).batches(0)
    for taken in (1, 2):
        next(batches)
        _wait_for(taken + 3)
        time.sleep(0.1)
        assert len(asked) == taken + 3, "those taken, and three ready"
    batches.close()


def test_depth_when_a_batch_is_in_use_then_the_next_are_made_meanwhile() -> None:
    for taken, _ in enumerate(Loader(_counted(), tasks(), depth=2).batches(0), start=1):
        _wait_for(min(taken + 2, 7))


def test_batches_when_closed_early_then_no_thread_is_left_and_it_can_begin_anew() -> None:
    loader = Loader(_counted(), tasks())
    for stop in (0, 1, 3):
        batches = loader.batches(0)
        for _ in range(stop):
            next(batches)
        batches.close()
        assert not _readers()
    _same(_all(loader), _all(Loader(pixels(), tasks())))
    abandoned = loader.batches(0)
    next(abandoned)
    del abandoned
    assert not _readers()


class _Broken(Pixels):
    """Cannot read one row."""

    def batch(self, rows: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        if 13 in rows:
            raise DataError("x: anna/1.jpg cannot be decoded") from ValueError("its cause")
        return super().batch(rows, out)


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_batches_when_reading_fails_then_the_error_comes_in_its_place_with_its_cause(
    depth: int,
) -> None:
    made = pixels()
    broken = _Broken(made.size, made.parts, made.sources, made.places)
    before = next(i for i, kept in enumerate(_all(Loader(made, tasks()))) if 13 in kept[1])
    seen = []
    with pytest.raises(DataError, match=r"anna/1\.jpg") as caught:
        for batch in Loader(broken, tasks(), depth).batches(0):
            seen.append(batch.step)
    assert seen == list(range(before))
    assert str(caught.value.__cause__) == "its cause"
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert frames[-1].name == "batch", "the traceback goes to where it happened"
    assert not _readers()
