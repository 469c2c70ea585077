"""Looks up the old features of a run's training set, and works out what they say of its classes."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from frlib.compat._classes import class_means, class_radius
from frlib.core import safeio
from frlib.core.config import with_path
from frlib.core.errors import DataError
from frlib.data.manifest import Manifest
from frlib.data.prepare import Prepared, prepare
from frlib.denoise.credible_centroid import credible
from frlib.evaluate.mapped import Mapped, Ordered, open_mapped
from frlib.stages import _old_classes, old_summary
from frlib.stages._job import Job
from frlib.train import staged
from frlib.train.cleaned import cleaned
from frlib.train.old_files import ABOUT, SUMMARY_FILE, TRAIN

Tensors = dict[str, NDArray[Any]]


def collect(job: Job, folder: Path) -> dict[str, Any]:
    """Write summary and facts into a folder; some of the facts."""
    config = job.stage
    assert isinstance(config, old_summary.Config)
    noisy, train = _training_set(job)
    source = job.inputs[config.features]
    mapped = open_mapped(source / TRAIN)
    _require_same_images(mapped, noisy, source)
    rows = mapped.ordered(mapped.places(train.ids))
    tensors, facts = _asked(job, config, rows, train)
    with safeio.atomic(folder / SUMMARY_FILE) as aside:
        save_file(tensors, aside)
    about = {
        "manifest": train.digest,
        "features": safeio.sha256(source / ABOUT)[:16],
        "model": mapped.about["digest"],
        "dimensions": mapped.dimensions,
        "needs": sorted(config.needs),
        "samples": len(train),
        "classes": train.num_classes,
        **facts,
    }
    safeio.write_json(folder / ABOUT, about)
    return {"samples": len(train), "classes": train.num_classes, **facts}


def _training_set(job: Job) -> tuple[Prepared, Manifest]:
    """As the run prepares it; the manifest is that after cleaning."""
    config, run = job.stage, job.run
    assert isinstance(config, old_summary.Config)
    if run.clean.waits_for:
        run = with_path(run, "clean", staged.cleaned(run.clean, run, job.inputs))
    noisy = prepare(run.data, run.noise, job.seed, job.store)
    return noisy, cleaned(noisy, run.clean)[0].train


def _require_same_images(mapped: Mapped, noisy: Prepared, source: Path) -> None:
    """`DataError` for features of another set, whose ids may be the same."""
    found, known = mapped.about["images"], (noisy.clean_digest, noisy.train.digest)
    if found not in known:
        raise DataError(
            f"{source}: old features of the set {found}, and the run trains on images of "
            f"{' or '.join(dict.fromkeys(known))}. Were the images changed since? Remove the "
            "folder and run again, and the features are made anew"
        )


def _asked(
    job: Job, config: old_summary.Config, rows: Ordered, train: Manifest
) -> tuple[Tensors, dict[str, Any]]:
    tensors: Tensors = {}
    facts: dict[str, Any] = {}
    classes, needs = train.num_classes, set(config.needs)
    if "credible" in needs:
        keep = _credible(config, rows, train)
        tensors["credible"] = keep.astype(np.uint8)
        facts["credible"] = int(keep.sum())
    if needs & {"means", "classifier"}:
        means_Cd, count_C = class_means(rows, train.labels, classes, config.weighting)
        facts["classes_without_features"] = int((count_C == 0).sum())
        if "means" in needs:
            tensors["means"] = means_Cd
        if "classifier" in needs:
            folder = _old_classes.run_of(job, old_summary.features_of(config, job.run))
            found = _old_classes.matched(folder, job.store, train.identities, means_Cd)
            tensors["classifier"] = found
            facts["classes_without_classifier"] = int((~found.any(axis=1)).sum())
    if "radius" in needs:
        radius = class_radius(rows, train.labels, classes)
        tensors["centre"] = radius.centre_Cd
        tensors["radius"] = radius.radius_C
        tensors["count"] = radius.count_C
        facts["classes_without_radius"] = int((radius.count_C == 0).sum())
    return tensors, facts


def _credible(config: old_summary.Config, rows: Ordered, train: Manifest) -> NDArray[np.bool_]:
    """`[N]`; a sample without a direction is not credible.

    `DataError` for a class that has samples, and none that is.
    """
    found = credible(rows, train.labels, train.num_classes, config.keep_share, config.column_scale)
    keep: NDArray[np.bool_] = found.keep & (rows.mapped.norms()[rows.rows] > 0)
    kept_C = np.bincount(train.labels[keep], minlength=train.num_classes)
    lost = np.flatnonzero((kept_C == 0) & (train.class_sizes > 0))
    if len(lost):
        first = int(lost[0])
        raise DataError(
            f"{len(lost):,} of {train.num_classes:,} classes have no credible sample, first "
            f"{train.identities[first]!r}: the old model gives zeros for the nearest of its "
            f"{int(train.class_sizes[first]):,} images. Look at these images, take them out "
            "(clean), raise keep_share, or use another old model"
        )
    return keep
