"""Embeds the images of a run with an old model, block by block, by all workers of a place.

A block is whole batches, and whichever worker does it, it comes out the same. What a job that died
has done of them is found by the next one.
"""

import shutil
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import torch

from frlib.core import published, safeio
from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.evaluate import extract, features
from frlib.evaluate.features import Features
from frlib.evaluate.joined import joined
from frlib.evaluate.mapped import open_mapped
from frlib.evaluate.model import Model, named, open_model
from frlib.stages import _old_images, old_features
from frlib.stages._job import Job
from frlib.stages._old_images import Images
from frlib.stages._old_people import require_unseen
from frlib.train import staged
from frlib.train.config import TrainConfig
from frlib.train.old_files import ABOUT, SELECTION
from frlib.train.place import Place
from frlib.train.start import file_of, require_content
from frlib.train.together import shown

_PARTS = "parts"


def collect(job: Job, run: TrainConfig, folder: Path) -> dict[str, Any]:
    """Fill a folder; what the first worker did. run: whose data are read."""
    config = job.stage
    assert isinstance(config, old_features.Config)
    sets = _old_images.every(run, job.seed, job.store)
    if config.path:
        require_content(file_of(config.path), config.sha256, "compat", "old weights or features")
    held_out = (one.manifest.identities for one in sets if one.file == SELECTION)
    require_unseen(job, config, chain.from_iterable(held_out))
    if config.has_vectors:
        about = _copied(Path(config.path), sets, folder) if job.place.is_first else {}
    else:
        model = _opened(job, run.data.size)
        about = model.about
        for images in sets:
            _embedded(job, model, images, run, folder)
    if not job.place.is_first:
        return {}
    shutil.rmtree(folder / _PARTS, ignore_errors=True)
    published.gone(folder / _PARTS, is_folder=True)
    told = _told(job, about, sets, folder)
    safeio.write_json(folder / ABOUT, told)
    counts = {name: one["count"] for name, one in told["sets"].items()}
    return {"digest": about["digest"], "dimensions": told["dimensions"], "images": counts}


def _opened(job: Job, size: int) -> Model:
    config = job.stage
    assert isinstance(config, old_features.Config)
    path = config.path
    if config.model:
        weights = staged.module_of(job.run, config.model).weights
        path = str(weights(job.inputs[config.model]))
    model = open_model(named(path), str(job.place.device))
    if model.size != size:
        raise ConfigError(
            f"{path}: the old model takes images of {model.size} pixels, and those of this run "
            f"have {size}; set data.size={model.size}, or use another old model"
        )
    return model


def _embedded(job: Job, model: Model, images: Images, run: TrainConfig, folder: Path) -> None:
    """One file. Every worker calls this and does its share of the blocks; the first joins them."""
    path, place = folder / images.file, job.place
    if place.told(float(path.is_file())):
        return
    config = job.stage
    assert isinstance(config, old_features.Config)
    is_turned = images.are_trained_on and config.flip == "random"
    todo = extract.Job(
        images=images.manifest,
        about=_about(model.about, images) | {"flip": config.flip if is_turned else "none"},
        folder=folder / _PARTS / images.file,
        mirrored=images.both_views,
        exact=False,
        batch=extract.BATCH,
    )
    left = _left(todo, place)
    mine = left[place.group.rank :: place.group.size]
    if mine:
        done = len(images.manifest) - _rows(todo, left)
        flip_seed = job.seed if is_turned else None
        with _old_images.opened(images, run.data, job.store, flip_seed) as pixels:
            extract.embed_blocks(todo, model, pixels, mine, done=done)
    shown(todo.folder, place)
    if place.is_first:
        joined([todo.path(block) for block in range(todo.num_blocks)], path, todo.about)
        shutil.rmtree(todo.folder)
        published.gone(todo.folder, is_folder=True)


def _left(todo: extract.Job, place: Place) -> list[int]:
    """Blocks that are not done, the same on every worker, each of which looks at some."""
    is_done = torch.zeros(todo.num_blocks, device=place.device)
    for block in range(place.group.rank, todo.num_blocks, place.group.size):
        is_done[block] = float(todo.read(block) is not None)
    return [block for block, done in enumerate(place.group.max(is_done).tolist()) if not done]


def _rows(todo: extract.Job, blocks: Iterable[int]) -> int:
    return sum(len(todo.rows(block)) for block in blocks)


def _copied(path: Path, sets: list[Images], folder: Path) -> dict[str, Any]:
    """Of features that are there already, those of the images.

    `DataError` where some lack, or an id is that of two images.
    """
    whole = features.from_vectors(path)
    whole.require_sound()
    _require_told_apart(path, sets)
    about = {**whole.about, "dimensions": whole.dimensions}
    for images in sets:
        found = whole.take(whole.places(images.manifest.ids))
        mirrored = found.mirrored if images.both_views else None
        told = _about(about, images) | {"mirrored": mirrored is not None, "flip": "none"}
        Features(found.ids, found.plain, mirrored, told).save(folder / images.file)
    return about


def _require_told_apart(path: Path, sets: list[Images]) -> None:
    """Images of a benchmark are others than those of the set that the run trains on."""
    own = {one for images in sets if not images.both_views for one in images.manifest.ids.tolist()}
    for images in sets:
        again = sorted(own.intersection(images.manifest.ids.tolist())) if images.both_views else []
        if again:
            raise DataError(
                f"{path}: {len(again):,} ids are of images of the training set and of "
                f"{images.file.removesuffix('.arrow')} alike, first {again[0]!r}: one file cannot "
                "have features for both. Rename the images of one, or give the old model itself"
            )


def _about(about: dict[str, Any], images: Images) -> dict[str, Any]:
    """Without `contents`, which are those of the whole file that these images were taken from."""
    kept = {name: value for name, value in about.items() if name != "contents"}
    return {**kept, "mirrored": images.both_views, "images": images.digest}


def _told(job: Job, about: dict[str, Any], sets: list[Images], folder: Path) -> dict[str, Any]:
    """`about.json`; `NumericsError` where the model gives no direction for any training image."""
    config = job.stage
    assert isinstance(config, old_features.Config)
    each = {}
    for images in sets:
        found = open_mapped(folder / images.file)
        zero = int((found.norms() == 0).sum())
        if images.are_trained_on and zero == len(found):
            raise NumericsError(
                f"old features of all {zero:,} training images are zero. Are these the weights of "
                f"this network ({about.get('kind')} {about.get('digest')}), and was it trained?"
            )
        each[images.file.removesuffix(".arrow")] = {
            "images": images.digest,
            "count": len(found),
            "zero": zero,
            "mirrored": found.about["mirrored"],
        }
    seed = job.seed if old_features.draws(config, job.run) else None
    return {**about, "flip": config.flip, "seed": seed, "sets": each}
