"""Class centres of an old run, for the people of a new one."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from frlib.core.errors import ConfigError, DataError
from frlib.data.prepare import prepare
from frlib.evaluate.model import named
from frlib.heads.build import slots
from frlib.records import finished
from frlib.records.finished import Finished
from frlib.stages._job import Job
from frlib.stages._old import Origin
from frlib.train import staged
from frlib.train.cleaned import cleaned
from frlib.train.config import TrainConfig

_WEIGHT = "head.weight"
_AT_ONCE = 4096
Centres = NDArray[np.float32]


def run_of(job: Job, features: Origin) -> Path:
    """The folder of the old model's run; `ConfigError` where it is no run of this project."""
    if features.model:
        found: Path = staged.module_of(job.run, features.model).weights(job.inputs[features.model])
        return found
    kind = named(features.path).name  # type: ignore[attr-defined]
    if kind != "run":
        raise ConfigError(
            f"{features.path}: a model of kind {kind!r} says nothing of its classes; for the old "
            "classifier give the folder r<seed> of a finished run, or use class means"
        )
    path = Path(features.path)
    return path if path.is_dir() else path.parent


def matched(folder: Path, store: Path, people: tuple[str, ...], means_Cd: Centres) -> Centres:
    """`[C, d]` centres of these people, of length 1; zero for those the old run has no class for.

    Of several centres of a class the one of largest cosine with the mean of the class.
    """
    old = finished.find(folder)
    centres_CKd, trained = _centres(old, means_Cd.shape[1]), _identities(old, store)
    if len(centres_CKd) != len(trained):
        raise DataError(
            f"{old.model}: centres of {len(centres_CKd):,} classes, and its training set has "
            f"{len(trained):,}. Are weights and records of one run?"
        )
    number = {name: place for place, name in enumerate(trained)}
    rows = np.array([number.get(name, -1) for name in people], dtype=np.int64)
    found = np.zeros_like(means_Cd)
    known = np.flatnonzero(rows >= 0)
    for start in range(0, len(known), _AT_ONCE):
        here = known[start : start + _AT_ONCE]
        own_bKd = _unit(centres_CKd[rows[here]])
        nearest = np.vecdot(own_bKd, means_Cd[here][:, None]).argmax(axis=1)
        found[here] = own_bKd[np.arange(len(here)), nearest]
    return found


def _identities(old: Finished, store: Path) -> tuple[str, ...]:
    """Names of the classes that it was trained with, which follow from its config and seed."""
    config = TrainConfig.parse(dict(old.config))
    noisy = prepare(config.data, config.noise, old.seed, store)
    train = cleaned(noisy, config.clean)[0].train
    if train.digest != old.facts["manifest"]:
        raise DataError(
            f"{old.folder}: was trained on the set {old.facts['manifest']}, and its config gives "
            f"{train.digest} now: its images changed since, so nobody knows which class is whose. "
            "Use class means, or train the old model again"
        )
    return train.identities


def _centres(old: Finished, dim: int) -> Centres:
    """`[C, K, d]` as they were trained."""
    per_class = slots(TrainConfig.parse(dict(old.config)).head).similarity.centres_per_class
    try:
        with safe_open(old.model, "np") as stored:
            weight: Centres = stored.get_tensor(_WEIGHT)
    except (SafetensorError, OSError) as error:
        raise DataError(f"{old.model}: damaged ({error}); copy it again") from error
    if weight.ndim != 2 or weight.shape[1] != dim or len(weight) % per_class:
        raise DataError(
            f"{old.model}: {_WEIGHT} of shape {weight.shape}; expected {per_class} rows of {dim} "
            "numbers for every class, as its features have"
        )
    return weight.astype(np.float32, copy=False).reshape(-1, per_class, dim)


def _unit(rows: Centres) -> Centres:
    lengths = np.sqrt(np.vecdot(rows, rows))[..., None]
    unit: Centres = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)
    return unit
