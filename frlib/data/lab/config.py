"""All noise of a run: the settings of every step, and the order in which they are applied.

There is a field for each module of `frlib.data.noise`, of the module's name: `noise.closed.ratio`.
A step that is neutral is no part of the digest, and `order` counts only for the steps that are not,
so that a new kind of noise changes no digest of what was run without it.
"""

from functools import lru_cache
from itertools import pairwise
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import create_model, field_validator

from frlib.core import discover
from frlib.core.config import Config, setting
from frlib.core.errors import ConfigError
from frlib.core.suggest import did_you_mean
from frlib.data.noise import STAGES
from frlib.data.noise._step import Step

PACKAGE = "frlib.data.noise"
_WHY = {
    ("reshaping", "flip"): "it makes the classes that labels are flipped between",
    ("reshaping", "flaw"): "it leaves out images, and so would change the share that is spoilt",
    ("flip", "flaw"): "it may replace an image, and a flaw put in before would be lost",
}
_TAKEN = frozenset({"order", "summary"})


@lru_cache
def modules() -> dict[str, ModuleType]:
    """Every kind of noise, in the usual order: by stage, then by its place there, then by name."""
    found = {name: discover.load(PACKAGE, name) for name in discover.choices(PACKAGE)}
    for name, module in found.items():
        sound = getattr(module, "STAGE", None) in STAGES and hasattr(module, "ORDER")
        if name in _TAKEN or not sound or not issubclass(module.Config, Step):
            raise ConfigError(
                f"{PACKAGE}.{name}: expected STAGE (one of {', '.join(STAGES)}), ORDER (a number), "
                "a Config that is a Step, and a name that is not "
                f"{' or '.join(sorted(_TAKEN))}; correct or remove the package that brings it"
            )
    return dict(sorted(found.items(), key=lambda item: (*_place(item[1]), item[0])))


def _place(module: ModuleType) -> tuple[int, float]:
    return STAGES.index(module.STAGE), module.ORDER


class Steps(Config):
    """What holds for any set of steps. The fields of the steps are added in `NoiseConfig`."""

    order: tuple[str, ...] = setting(
        tuple(modules()),
        doc="steps in the order of application, free inside a stage (reshaping, flip, flaw); those "
        "not named follow the others of their stage",
        source="closed before open: BoundaryFace, whose outlier script runs on the flipped list",
    )

    @field_validator("order")
    @classmethod
    def _complete(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = modules()
        for name in value:
            if name not in known:
                raise ValueError(
                    f"{name!r} is no kind of noise{did_you_mean(name, known)}; there is "
                    f"{', '.join(known)}"
                )
            if value.count(name) > 1:
                raise ValueError(f"{name!r} is named twice; every step is applied once")
        for before, after in pairwise(value):
            stages = known[after].STAGE, known[before].STAGE
            if stages in _WHY:
                raise ValueError(
                    f"{after} ({stages[0]}) cannot come after {before} ({stages[1]}): "
                    f"{_WHY[stages]}. Name {after} first"
                )
        rank = {name: place for place, name in enumerate((*value, *known))}
        rank |= {name: place for place, name in enumerate(value)}
        return tuple(sorted(known, key=lambda n: (STAGES.index(known[n].STAGE), rank[n])))

    def step(self, name: str) -> Step:
        """The settings of one step."""
        found: Step = getattr(self, name)
        return found

    @property
    def active(self) -> tuple[str, ...]:
        """The steps that do something, in the order they are applied."""
        return tuple(name for name in self.order if not self.step(name).is_neutral)

    @property
    def wants_pool(self) -> bool:
        """Whether images of people outside the set are needed."""
        return any(self.step(name).wants_pool for name in self.active)

    @property
    def changes_images(self) -> bool:
        """Whether which images there are, or what they show, depends on the noise."""
        return any(self.step(name).changes_images for name in self.active)

    def counted(self) -> dict[str, Any]:
        """The active steps, and their order where there are several."""
        steps = {name: self.step(name) for name in self.active}
        return {"order": self.active, **steps} if len(steps) > 1 else dict[str, Any](steps)


if TYPE_CHECKING:
    from frlib.data.noise import (
        asymmetric,
        blur,
        closed,
        duplicate,
        long_tail,
        low_resolution,
        merged,
        occlusion,
        open,
    )

    class NoiseConfig(Steps):
        """Corruptions of the training set; at the defaults there are none."""

        long_tail: long_tail.Config = long_tail.Config()
        duplicate: duplicate.Config = duplicate.Config()
        merged: merged.Config = merged.Config()
        closed: closed.Config = closed.Config()
        asymmetric: asymmetric.Config = asymmetric.Config()
        open: open.Config = open.Config()
        blur: blur.Config = blur.Config()
        low_resolution: low_resolution.Config = low_resolution.Config()
        occlusion: occlusion.Config = occlusion.Config()
else:
    NoiseConfig = create_model(
        "NoiseConfig",
        __base__=Steps,
        __module__=__name__,
        __doc__="Corruptions of the training set; at the defaults there are none.",
        **{name: (module.Config, module.Config()) for name, module in modules().items()},
    )
