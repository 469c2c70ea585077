"""Batches decoded on a GPU by NVIDIA DALI (`pip install 'frlib[dali]'`): our order, its decoder.

**Untested on a GPU**: this was written against the documentation of DALI 2.x, and its tests use a
stand-in for the library. What is sent to DALI and what is made of its answer is tested, the
decoding itself is not.

The bytes of each batch are handed to an `external_source` in the order of the plan, so shuffling,
sharing out and resuming are the same as with threads. Decoding is set to the exact transforms and
resizing to bilinear with antialiasing, yet a GPU rounds in its own way: expect the pixels of the
CPU up to small differences, not to the bit.
"""

import importlib
from collections import deque
from collections.abc import Generator, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import ConfigError
from frlib.data.loading.batch import Batch
from frlib.data.loading.tasks import Task, Tasks
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.encoded import Encoded

_INSTEAD = "set data.loader=threads"


class Loader:
    """Decodes on GPU `device_id`, `depth` batches ahead; `threads` feed it on the CPU's side.

    `pixels` must be encoded. `ConfigError` when DALI is not installed, and for what it cannot do:
    sources that paint instead of storing bytes, and flaws that are put into decoded pixels.
    """

    def __init__(
        self, pixels: Pixels, tasks: Tasks, *, device_id: int, depth: int, threads: int
    ) -> None:
        self._dali = _library()
        if pixels.flaws is not None and pixels.flaws.kinds.any():
            raise ConfigError(
                "data.loader=dali cannot put blur, low resolution or occlusion into images; "
                f"{_INSTEAD}, or leave out that noise"
            )
        self._parts = [_with_bytes(part) for part in pixels.parts]
        self._pixels, self._tasks = pixels, tasks
        self._device_id, self._depth, self._threads = device_id, depth, threads

    def batches(self, epoch: int, first_step: int = 0) -> Generator[Batch, None, None]:
        """The batches of an epoch from a step on; images are CUDA tensors."""
        import torch

        sent: deque[Task] = deque()

        def feed() -> Iterator[list[NDArray[np.uint8]]]:
            for task in self._tasks.of(epoch, first_step):
                sent.append(task)
                yield self._bytes(task.rows)

        pipeline = self._pipeline(feed())
        for _ in range(first_step, self._tasks.plan.steps):
            (images,) = pipeline.run()
            task = sent.popleft()
            pixels = torch.from_dlpack(images.as_tensor())
            turned = torch.from_numpy(self._is_bgr(task.rows)).to(pixels.device)
            if turned.any():
                pixels = torch.where(turned[:, None, None, None], pixels.flip(3), pixels)
            yield Batch(task.step, task.rows, pixels, task.labels, task.draws)

    def _pipeline(self, feed: Iterator[list[NDArray[np.uint8]]]) -> Any:
        dali, size = self._dali, self._pixels.size
        pipeline = dali.pipeline.Pipeline(
            batch_size=self._tasks.plan.share,
            num_threads=self._threads,
            device_id=self._device_id,
            prefetch_queue_depth=self._depth,
            exec_dynamic=True,
        )
        with pipeline:
            encoded = dali.fn.external_source(
                source=feed, batch=True, dtype=dali.types.DALIDataType.UINT8, ndim=1
            )
            decoded = dali.fn.decoders.image(
                encoded,
                device="mixed",
                output_type=dali.types.DALIImageType.RGB,
                jpeg_fancy_upsampling=True,
                use_fast_idct=False,
                adjust_orientation=False,
            )
            pipeline.set_outputs(
                dali.fn.resize(
                    decoded,
                    size=[size, size],
                    interp_type=dali.types.DALIInterpType.INTERP_LINEAR,
                    antialias=True,
                )
            )
        pipeline.build()
        return pipeline

    def _bytes(self, rows: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
        sources, places = self._pixels.sources[rows], self._pixels.places[rows]
        return [
            np.frombuffer(self._parts[source].encoded(place), dtype=np.uint8)
            for source, place in zip(sources.tolist(), places.tolist(), strict=True)
        ]

    def _is_bgr(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        turned = np.array([part.colour == "BGR" for part in self._parts])
        found: NDArray[np.bool_] = turned[self._pixels.sources[rows]]
        return found


def _library() -> Any:
    """`fn`, `pipeline` and `types` of DALI."""
    names = ("fn", "pipeline", "types")
    try:
        modules = {name: importlib.import_module(f"nvidia.dali.{name}") for name in names}
    except ImportError as error:
        raise ConfigError(
            f"data.loader=dali needs NVIDIA DALI ({error}); pip install 'frlib[dali]', or "
            f"{_INSTEAD}"
        ) from error
    return SimpleNamespace(**modules)


def _with_bytes(part: object) -> Encoded:
    if not isinstance(part, Encoded) or not part.colour:
        raise ConfigError(
            "data.loader=dali decodes stored images, but a source of this set paints its own or is "
            f"opened decoded; {_INSTEAD}"
        )
    return part
