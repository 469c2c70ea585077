"""Whether an old model knows people that a run holds out."""

from collections.abc import Iterable

from frlib.core.errors import ConfigError
from frlib.data import catalog
from frlib.data.splits import sides
from frlib.stages._job import Job
from frlib.train import staged


def require_unseen(job: Job, model: str, held_out: Iterable[str]) -> None:
    """`ConfigError` where the model of a train stage was trained on any of these people.

    It is told by their names, which mean something within one set alone: a model that was trained
    on another one is taken as it is.
    """
    old = staged.trained_by(model, job.run).data
    if old.train != job.run.data.train:
        return
    trained = set(sides(catalog.scan(old.train, job.store), old).clean.identities)
    known = sorted(trained.intersection(held_out))
    if known:
        raise ConfigError(
            f"the old model ({model}) is trained on {len(known):,} people that this run holds out, "
            f"first {known[0]!r}: tests across models on them would look too good. Set "
            "data.holdout.of=whole, and the same data.holdout for both, so that neither knows them"
        )
