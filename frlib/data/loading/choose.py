"""The loader that a config asks for, and pixels that suit it."""

from pathlib import Path

from frlib.core.errors import ConfigError
from frlib.data.config import DataConfig
from frlib.data.loading import dali
from frlib.data.loading.batch import Batches
from frlib.data.loading.loader import Allocate, Loader, plain
from frlib.data.loading.tasks import Tasks
from frlib.data.manifest import Manifest
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.choose import open_pixels


def open_training(data: DataConfig, manifest: Manifest, store: Path, threads: int) -> Pixels:
    """The pixels of the training rows: encoded where a GPU decodes, else as for evaluation."""
    if data.loader == "dali":
        return open_pixels(manifest, data.size, store, mode="encoded")
    return open_for(data, manifest, store, threads)


def open_for(data: DataConfig, manifest: Manifest, store: Path, threads: int) -> Pixels:
    """The pixels of a manifest as the config says; `threads` decode where it leaves that open."""
    return open_pixels(
        manifest,
        data.size,
        store,
        mode=data.pixels,
        cache_gib=data.cache_gib,
        threads=data.decode_threads or threads,
    )


def open_loader(
    data: DataConfig,
    pixels: Pixels,
    tasks: Tasks,
    *,
    device: str = "cpu",
    allocate: Allocate = plain,
) -> Batches:
    """The loader of one worker. device: `cpu`, `cuda` or `cuda:N`. allocate: makes host buffers.

    `ConfigError` when DALI is asked for and cannot be had here.
    """
    if data.loader == "threads":
        return Loader(pixels, tasks, data.read_ahead, allocate)
    kind, _, number = device.partition(":")
    if kind != "cuda":
        raise ConfigError(
            f"data.loader=dali decodes on a GPU, but this run is on {device}; set "
            "data.loader=threads, or resources.gpus_per_worker=1"
        )
    return dali.Loader(
        pixels,
        tasks,
        device_id=int(number or 0),
        depth=max(1, data.read_ahead),
        threads=max(1, data.decode_threads),
    )
