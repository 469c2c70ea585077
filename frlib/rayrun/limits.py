"""Memory that an arm will take, before it starts."""

from frlib.core.config import canonical, to_dict
from frlib.data.prepare import prepare
from frlib.study.arms import Arm
from frlib.study.plan import Plan
from frlib.train.plan import plan as plan_run

_GIB = 2**30


class Foreseen:
    """Excess of `search.limits.memory_gib`, by the plan of a run over the images it would have."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._counts: dict[str, tuple[int, int]] = {}

    def __call__(self, arm: Arm) -> tuple[tuple[str, float], ...]:
        """(limit, GiB above it), nothing without that limit."""
        limit = self._plan.study.search.limits.memory_gib
        if not limit:
            return ()
        classes, images = self._count(arm)
        resources = self._plan.study.resources
        found = plan_run(
            arm.config, workers=resources.workers, num_classes=classes, num_images=images
        )
        return (("memory_gib", found.device_bytes / _GIB - limit),)

    def _count(self, arm: Arm) -> tuple[int, int]:
        config, seed = arm.config, self._plan.study.replicates.seeds[0]
        key = canonical({"data": to_dict(config.data), "noise": to_dict(config.noise)})
        if key not in self._counts:
            train = prepare(config.data, config.noise, seed, self._plan.store).train
            self._counts[key] = (train.num_classes, len(train))
        return self._counts[key]
