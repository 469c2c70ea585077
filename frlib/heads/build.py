"""From a head's config to the head."""

import torch

from frlib.core import discover
from frlib.core.seeds import torch_seed
from frlib.heads.config import HeadConfig
from frlib.heads.head import Head
from frlib.heads.slots import Slots
from frlib.parallel.collectives import SINGLE, Group


def slots(config: HeadConfig) -> Slots:
    """The composition that a preset names."""
    preset = discover.load("frlib.heads.presets", config.name)
    composed: Slots = preset.compose(config)
    return composed


def settle(head: Head, config: HeadConfig) -> None:
    """Go on with other settings of the same slots; centres and the slots' numbers stay."""
    head.slots, head.config = slots(config), config


def build(
    config: HeadConfig,
    num_classes: int,
    dim: int,
    seed: int,
    *,
    num_samples: int = 0,
    classes: Group = SINGLE,
    data: Group = SINGLE,
) -> Head:
    """The head over `num_classes` classes of `dim`-dimensional embeddings, on the CPU, in float32.

    Its centres depend on the run seed alone (stream "init", "head"), its draws during training on
    seed and step. `num_samples`: training images, for heads that remember them.
    """
    generator = torch.Generator().manual_seed(torch_seed(seed, "init", "head"))
    return Head(
        slots(config),
        num_classes,
        dim,
        generator=generator,
        config=config,
        seed=seed,
        num_samples=num_samples,
        classes=classes,
        data=data,
    )
