"""Which artefacts a replicate's stages are: a digest over all that decides their content."""

from collections.abc import Mapping

from frlib.core import discover
from frlib.core.config import digest
from frlib.train import staged
from frlib.train.config import TrainConfig

Datasets = Mapping[str, str]


def digests(run: TrainConfig, seed: int, datasets: Datasets) -> dict[str, str]:
    """Name of a stage -> digest of its artefact, for one replicate; inputs come before their users.

    datasets: as an arm has them on record, those of a stage that reads others under
    `stages/<name>/`.
    """
    found: dict[str, str] = {}
    stages = staged.every(run)
    for name in staged.order(run):
        stage = stages[name]
        module = discover.load(staged.PACKAGE, stage.name)
        found[name] = digest(
            {
                "stage": stage.name,
                "identity": module.identity(stage, run),
                "inputs": [found[one] for one in module.inputs(stage, run)],
                "datasets": staged.datasets_of(name, datasets),
                "seed": stage.seed_for(seed),
            }
        )
    return found
