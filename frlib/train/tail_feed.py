"""Brings a run the tail images of each step, and mines when there are none left."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from frlib.data.config import DataConfig
from frlib.data.loading.batch import Batch
from frlib.data.loading.choose import open_for
from frlib.data.loading.groups import Groups
from frlib.data.loading.loader import Allocate, Loader
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.train.build import train_mode
from frlib.train.clock import Clock
from frlib.train.config import TrainConfig
from frlib.train.mining import Queue, bags_of, embedder, refill
from frlib.train.passes import Cast
from frlib.train.place import Place
from frlib.train.state import State
from frlib.train.upload import Upload
from frlib.train.watch import Fed


@dataclass(frozen=True, eq=False)
class TailImages:
    """What a run with a tail is given: its manifest, noise included, and the pixels of that."""

    manifest: Manifest
    pixels: Pixels


@contextmanager
def opened_tail(
    data: DataConfig, manifest: Manifest | None, store: Path, threads: int
) -> Iterator[TailImages | None]:
    """The images of the tail that was prepared, if one was. They are always decoded on the CPU."""
    if manifest is None:
        yield None
        return
    with open_for(data, manifest, store, threads) as pixels:
        yield TailImages(manifest, pixels)


class TailFeed:
    """One for a run: `take` before a step, `note` after it, `close` at the end of a pass.

    about: what it is made of, for people.
    """

    def __init__(
        self,
        config: TrainConfig,
        images: TailImages,
        state: State,
        *,
        seed: int,
        place: Place,
        cast: Cast,
        clock: Clock,
        end: int,
        allocate: Allocate,
    ) -> None:
        """Adds the queue, and sums of the epoch so far, to the state. end: steps of the run."""
        assert config.tail is not None, "only a run with a tail has this"
        tail, group, manifest = config.tail, place.group, images.manifest
        tail.require_fit(group.size, config.accumulate)
        self._tail, self._state, self._clock, self._end = tail, state, clock, end
        self._bags = bags_of(tail, manifest, seed)
        self._queue = Queue(tail.refill, tail.images)
        self._losses = torch.zeros(2, dtype=torch.float64, device=place.device)
        self._found = torch.zeros(3, dtype=torch.float64)
        state.tail = {**self._queue.tensors(), "losses": self._losses, "found": self._found}
        self._embed = embedder(state.trainee.backbone, images.pixels, place, cast)
        groups = Groups(
            manifest.labels,
            self._queue.rows.numpy(),
            self._queue.first.numpy(),
            end,
            config.augment,
            seed,
            group.rank,
            group.size,
        )
        self._loader = Loader(images.pixels, groups, config.data.read_ahead, allocate)
        self._upload = Upload(place.device)
        self._batches: Generator[Batch, None, None] | None = None
        self.about = (
            f"{self._bags.num_identities:,} identities with {tail.images_per_identity} images or "
            f"more; {self._bags.num_left_out:,} with fewer are left out"
        )

    def take(self) -> Fed:
        """The tail images of the next step, of this worker. Every worker calls this."""
        state, step = self._state, self._state.step
        if not self._queue.holds(step):
            self.close()
            with self._clock.span("mining"):
                refill(self._queue, self._bags, self._tail, step, self._end, self._embed)
            train_mode(state.trainee)
        if self._batches is None:
            self._batches = self._loader.batches(0, step)
        with self._clock.span("data_wait"):
            batch = next(self._batches)
        return Fed(*self._upload(batch), batch.draws)

    def note(self, step: int, dispersion: Tensor) -> None:
        """What a step came to. No device sync."""
        good = torch.isfinite(dispersion)
        self._losses += torch.stack([torch.where(good, dispersion, 0.0), good]).double()
        line = step - int(self._queue.first)
        self._found += torch.stack(
            [self._queue.sqdist[line], self._queue.mined[line].double(), torch.ones(()).double()]
        )

    def row(self) -> dict[str, float]:
        """Of an epoch; begins anew.

        `train/dispersion`: mean over its steps, without `weight`. `tail/identities`: of a step,
        those that a close pair brought; `tail/mined_sqdist`: mean squared distance of these pairs.
        """
        total, finite = self._losses.tolist()
        sqdist, mined, steps = self._found.tolist()
        self._losses.zero_()
        self._found.zero_()
        row = {"train/dispersion": total / finite} if finite else {}
        if steps and self._tail.mined:
            row["tail/identities"] = mined / steps
        if mined:
            row["tail/mined_sqdist"] = sqdist / mined
        return row

    def close(self) -> None:
        """Stop reading ahead; the next `take` goes on."""
        if self._batches is not None:
            self._batches.close()
            self._batches = None
