"""What the runs of a plan ask of a machine, for every kind of them."""

from collections.abc import Mapping

from frlib.core.config import canonical
from frlib.data import published_sets
from frlib.data.config import NoiseConfig
from frlib.data.lab.config import modules
from frlib.data.prepare import Prepared, prepare
from frlib.data.published_sets import Counts
from frlib.study.kinds import kinds
from frlib.study.loads import Load
from frlib.study.outputs import Outputs, workloads
from frlib.study.plan import Plan
from frlib.train.config import TrainConfig
from frlib.train.plan import MemoryPlan
from frlib.train.plan import plan as planned
from frlib.train.tail import part_of

_FLOAT = 4
_USUAL_PAIRS = 6_000
"""Of a benchmark that is only imagined, as LFW has them."""


def loads(plan: Plan, outputs: Outputs) -> dict[str, Load]:
    """By kind, of cells and stages. Data are read as a run reads them; networks are measured
    without memory.

    `ConfigError` and `DataError` where a run cannot be done at all.
    """
    found: dict[str, Load] = {}
    sets: dict[str, Prepared] = {}
    workers = plan.study.resources.workers
    configs = workloads(plan, outputs)
    for config, name in zip(configs, kinds(configs), strict=True):
        if name in found:
            continue
        if plan.like:
            pairs = {one.name: _USUAL_PAIRS for one in config.data.benchmarks}
            found[name] = _load(config, published_sets.counts(plan.like), pairs, workers)
            continue
        data = _prepared(config, plan, sets)
        counts = published_sets.Counts(data.train.num_classes, len(data.train))
        pairs = {one.name: len(one.pairs.same) for one in data.benchmarks}
        found[name] = _load(config, counts, pairs, workers)
    return found


def _prepared(config: TrainConfig, plan: Plan, sets: dict[str, Prepared]) -> Prepared:
    """The data, with noise only where it changes how many images or classes there are."""
    known = modules()
    reshapes = any(known[name].STAGE == "reshaping" for name in config.noise.active)
    noise = config.noise if reshapes else NoiseConfig()
    tail = part_of(config.tail)
    key = canonical([config.data, noise, tail])
    if key not in sets:
        sets[key] = prepare(config.data, noise, plan.study.replicates.seeds[0], plan.store, tail)
    return sets[key]


def _load(config: TrainConfig, counts: Counts, pairs: Mapping[str, int], workers: int) -> Load:
    memory = planned(config, workers=workers, num_classes=counts.classes, num_images=counts.images)
    work = memory.workload
    rows = work.classes * work.centres * work.dim
    return Load(
        what=f"{config.backbone.name}, {config.head.name}, batch {config.batch_size}",
        images=counts.images,
        steps_per_epoch=memory.steps,
        flops=memory.flops_per_step,
        device_bytes=memory.device_bytes,
        host_bytes=memory.host_bytes,
        model_bytes=_FLOAT * (work.network.parameters + rows),
        checkpoint_bytes=_checkpoint(memory),
        pairs=pairs,
    )


def _checkpoint(memory: MemoryPlan) -> int:
    return sum(part.bytes for part in memory.parts if part.name == "checkpoint")
