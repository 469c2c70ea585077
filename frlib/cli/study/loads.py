"""What the runs of a plan ask of a machine, for every kind of cell."""

from frlib.core.config import canonical
from frlib.data.config import NoiseConfig
from frlib.data.lab.config import modules
from frlib.data.prepare import Prepared, prepare
from frlib.study.kinds import kinds
from frlib.study.loads import Load
from frlib.study.plan import Plan
from frlib.train.config import TrainConfig
from frlib.train.plan import MemoryPlan
from frlib.train.plan import plan as planned

_FLOAT = 4


def loads(plan: Plan) -> dict[str, Load]:
    """By kind. Data are read as a run reads them; networks are measured without memory.

    `ConfigError` and `DataError` where a cell cannot run at all.
    """
    found: dict[str, Load] = {}
    sets: dict[str, Prepared] = {}
    configs = [one.cell.config for one in plan.cells]
    for config, name in zip(configs, kinds(configs), strict=True):
        if name not in found:
            data = _prepared(config, plan, sets)
            found[name] = _load(config, data, plan.study.resources.workers)
    return found


def _prepared(config: TrainConfig, plan: Plan, sets: dict[str, Prepared]) -> Prepared:
    """The data, with noise only where it changes how many images or classes there are."""
    known = modules()
    reshapes = any(known[name].STAGE == "reshaping" for name in config.noise.active)
    noise = config.noise if reshapes else NoiseConfig()
    key = canonical(config.data) + canonical(noise)
    if key not in sets:
        sets[key] = prepare(config.data, noise, plan.study.replicates.seeds[0], plan.store)
    return sets[key]


def _load(config: TrainConfig, data: Prepared, workers: int) -> Load:
    memory = planned(
        config, workers=workers, num_classes=data.train.num_classes, num_images=len(data.train)
    )
    work = memory.workload
    rows = work.classes * work.centres * work.dim
    return Load(
        what=f"{config.backbone.name}, {config.head.name}, batch {config.batch_size}",
        steps_per_epoch=memory.steps,
        flops=memory.flops_per_image * config.batch_size,
        device_bytes=memory.device_bytes,
        host_bytes=memory.host_bytes,
        model_bytes=_FLOAT * (work.network.parameters + rows),
        checkpoint_bytes=_checkpoint(memory),
        pairs={one.name: len(one.pairs.same) for one in data.benchmarks},
    )


def _checkpoint(memory: MemoryPlan) -> int:
    return sum(part.bytes for part in memory.parts if part.name == "checkpoint")
