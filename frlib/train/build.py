"""From a config to the state at step 0."""

from fnmatch import fnmatchcase

import torch
from torch import nn

from frlib.core import discover
from frlib.core.errors import ConfigError
from frlib.core.seeds import torch_seed
from frlib.core.suggest import did_you_mean
from frlib.heads.build import build as build_head
from frlib.optimisers import groups
from frlib.parallel import batchnorm
from frlib.parallel.collectives import SINGLE
from frlib.schedules import Rule
from frlib.train import compatibility, starting
from frlib.train.average import Average
from frlib.train.config import TrainConfig
from frlib.train.course import stages
from frlib.train.loss_scale import LossScale
from frlib.train.place import Place
from frlib.train.state import State
from frlib.train.trainee import Trainee

_MANY_CLASSES = 20_000


def build(
    config: TrainConfig,
    num_classes: int,
    num_samples: int,
    *,
    seed: int,
    place: Place,
    precision: str,
    schedule: Rule,
    steps: int,
) -> State:
    """Backbone, head, method and optimiser; weights depend on the seed and `config.start` alone.

    steps: of the whole run.
    """
    backbones = discover.load("frlib.backbones", config.backbone.name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(seed, "init", "backbone"))
        backbone = backbones.build(config.backbone, config.data.size)
    shares = shares_classes(config, num_classes, place.group.size)
    head = build_head(
        config.head,
        num_classes,
        config.backbone.embedding_size,
        seed,
        num_samples=num_samples,
        classes=place.group if shares else SINGLE,
        data=SINGLE if shares else place.group,
    )
    compat = None
    if config.compat is not None:
        compat = compatibility.built(
            config,
            num_classes,
            seed=seed,
            passes=steps * config.accumulate,
            group=place.group,
        )
    trainee = Trainee(backbone, head, compat)
    if config.start is not None:
        starting.load(config.start, trainee)
    if config.sync_batchnorm and place.group.size > 1:
        batchnorm.convert(trainee.backbone, place.group)
        if trainee.compat is not None:
            batchnorm.convert(trainee.compat, place.group)
    if config.class_rows == "offloaded":
        require_offloadable(config)
        _move_but_centres(trainee, place.device)
    else:
        trainee.to(place.device)
    trainee.to(memory_format=torch.channels_last)
    head.draws_apart = shares or place.group.size == 1
    freeze(trainee, config.freeze)
    if config.compile:
        trainee.backbone.compile()
    optimisers = discover.load("frlib.optimisers", config.optimiser.name)
    return State(
        trainee,
        optimisers.build(config.optimiser, groups(trainee.trained(), config.optimiser)),
        schedule,
        LossScale(precision, place.device),
        Average(trainee, config.ema) if config.ema else None,
    )


def shares_classes(config: TrainConfig, num_classes: int, workers: int) -> bool:
    """Whether several workers share the classes out."""
    if config.class_rows == "auto":
        return workers > 1 and num_classes >= _MANY_CLASSES
    return workers > 1 and config.class_rows != "replicated"


def require_offloadable(config: TrainConfig) -> None:
    """`ConfigError` where steps need all class centres, so that none can stay in host memory."""
    for head in (stage.head for stage in stages(config)):
        if head.sample_rate == 1 or not head.frozen_rows:
            raise ConfigError(
                f"class_rows=offloaded with head.sample_rate={head.sample_rate:g} and "
                f"head.frozen_rows={head.frozen_rows}: a step would move every centre to the "
                "device and back. Set head.sample_rate below 1 (0.1, for one) and leave "
                "frozen_rows on"
            )
    if config.compat is not None and config.compat.method.sees_centres:
        raise ConfigError(
            f"class_rows=offloaded with compat.method {config.compat.method.name!r}, which asks "
            "every centre in every step; set its second weight to 0, or leave class_rows at auto"
        )


def _move_but_centres(trainee: Trainee, device: torch.device) -> None:
    """To the device, where there may be no room for the class centres: those stay on the host."""
    rows = trainee.head.weight.detach()
    trainee.head.weight = nn.Parameter(rows[:0])
    trainee.to(device)
    trainee.head.weight = nn.Parameter(rows.pin_memory() if device.type == "cuda" else rows)


def freeze(trainee: Trainee, patterns: tuple[str, ...]) -> None:
    """Take parameters out of training; `ConfigError` for a pattern that fits none, or for all.

    A pattern is a name (`backbone.fc.weight`), the name of a part (`head`), or has `*` in it.
    """
    names = [name for name, _ in trainee.named_parameters()]
    for pattern in patterns:
        forms = (pattern, f"{pattern}.*")
        chosen = [n for n in names if any(fnmatchcase(n, form) for form in forms)]
        if not chosen:
            parts = sorted({".".join(n.split(".")[:2]) for n in names})
            raise ConfigError(
                f"freeze={pattern!r}: no parameter has such a name{did_you_mean(pattern, parts)}. "
                f"Parts: {', '.join(parts)}"
            )
        for name in chosen:
            trainee.get_parameter(name).requires_grad_(False)
    if not any(parameter.requires_grad for parameter in trainee.parameters()):
        raise ConfigError(f"freeze={list(patterns)}: leaves nothing to train; freeze less")


def train_mode(trainee: Trainee) -> None:
    """Training mode, but for batch norms that are frozen whole: those keep their statistics."""
    trainee.train()
    for layer in trainee.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            own = list(layer.parameters())
            if own and not any(parameter.requires_grad for parameter in own):
                layer.eval()
