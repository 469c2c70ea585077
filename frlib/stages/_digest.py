"""Which artefacts a replicate's stages are: a digest over all that decides their content."""

import json
from collections.abc import Iterable, Mapping

from frlib.core import discover
from frlib.core.config import canonical, digest
from frlib.train import staged
from frlib.train.config import TrainConfig

Datasets = Mapping[str, str]


def digests(run: TrainConfig, seed: int, datasets: Datasets) -> dict[str, str]:
    """Name of a stage -> digest of its artefact, for one replicate; inputs come before their users.

    datasets: as an arm has them on record, those of a stage that reads others under
    `stages/<name>/`.
    """
    return digests_by_seed(run, (seed,), datasets)[seed]


def digests_by_seed(
    run: TrainConfig, seeds: Iterable[int], datasets: Datasets
) -> dict[int, dict[str, str]]:
    """As `digests`, for several replicates: seed -> name -> digest."""
    found: dict[int, dict[str, str]] = {seed: {} for seed in seeds}
    stages = staged.every(run)
    for name in staged.order(run):
        stage = stages[name]
        module = discover.load(staged.PACKAGE, stage.name)
        inputs = module.inputs(stage, run)
        identity = module.identity(stage, run)
        if len(found) > 1:
            identity = json.loads(canonical(identity, places=False))
        told = {
            "stage": stage.name,
            "identity": identity,
            "datasets": staged.datasets_of(name, datasets),
        }
        is_drawn = not hasattr(module, "draws") or module.draws(stage, run)
        for seed, own in found.items():
            own_seed = stage.seed_for(seed) if is_drawn else None
            made_from = {"inputs": [own[one] for one in inputs], "seed": own_seed}
            own[name] = digest(told | made_from)
    return found
