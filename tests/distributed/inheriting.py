"""A run of several workers, one that begins with its first epoch, and that one by itself.

Run as a module, this is a worker.
"""

import sys
from pathlib import Path

from frlib.train import replicate
from frlib.train.config import TrainConfig
from frlib.train.replicate import Ticket
from frlib.train.reporter import silent
from tests.distributed.training import joined
from tests.integration import mini

PARENT, CHILD = "a" * 16, "b" * 16
EPOCH = 1


def ticket(folder: Path, store: str, arm: str, *keep_at: int) -> Ticket:
    """Of a run in one of the two stores, `shared` and `alone`."""
    return Ticket(folder / store, "s", arm, 0, keep_at)


def _config(**changes: object) -> TrainConfig:
    base = mini.study().base
    data = base.data.model_copy(update={"benchmarks": ()})
    return TrainConfig.parse(
        {**dict(base), "data": data, "epochs": 2, "class_rows": "sharded", "ema": 0.8} | changes
    )


def _main(rank: int, size: int, meet: str, folder: Path) -> None:
    settings = {"head.margin": 0.1, "optimiser.head_rate": 2.0}
    child = _config(course=[{"epoch": EPOCH, "settings": settings}])
    with joined(rank, size, meet) as place:
        for run, own in (
            (_config(), ticket(folder, "shared", PARENT, EPOCH)),
            (child, ticket(folder, "shared", CHILD)),
            (child, ticket(folder, "alone", CHILD)),
        ):
            replicate.run(run, own, place, silent)


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
