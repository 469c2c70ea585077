"""Whether an old model knows people that a run holds out."""

from collections.abc import Iterable
from pathlib import Path

from frlib.core.errors import ConfigError
from frlib.data import catalog
from frlib.data.config import DataConfig
from frlib.data.splits import sides
from frlib.evaluate.model import named
from frlib.records import finished
from frlib.stages._job import Job
from frlib.stages._old import Origin
from frlib.train import staged
from frlib.train.config import TrainConfig


def require_unseen(job: Job, old: Origin, held_out: Iterable[str]) -> None:
    """`ConfigError` where the old model was trained on any of these people.

    It is told by their names, which mean something within one set alone: a model that was trained
    on another one is taken as it is, and so are one that says nothing of its training, and features
    that are there already.
    """
    data = _trained_on(job, old)
    if data is None:
        return
    whole = catalog.scan(job.run.data.train, job.store)
    known = sorted(set(sides(whole, data).clean.identities).intersection(held_out))
    if known:
        raise ConfigError(
            f"the old model ({old.model or old.path}) is trained on {len(known):,} people that "
            f"this run holds out, first {known[0]!r}: tests across models on them would look too "
            "good. Set data.holdout.of=whole, and the same data.holdout for both, so that neither "
            "knows them"
        )


def _trained_on(job: Job, old: Origin) -> DataConfig | None:
    """What the old model was trained on, if that is of the set of this run."""
    own = job.run.data.train
    if old.model:
        data = staged.trained_by(old.model, job.run).data
        return data if data.train == own else None
    if old.has_vectors or named(old.path).name != "run":  # type: ignore[attr-defined]
        return None
    path = Path(old.path)
    run = finished.known(path if path.is_dir() else path.parent)
    if run is None or run.datasets.get("train") != catalog.scan(own, job.store).digest:
        return None
    return TrainConfig.parse(dict(run.config)).data
