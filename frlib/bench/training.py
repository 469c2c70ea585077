"""What loading costs a training run: steps on loaded batches against steps on one fixed batch.

The same network, head and optimiser take a pass of each in turn, out of the decoded map. `alone`
is the pass with the network left out: what the loader takes of the processor by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from frlib.bench import measure
from frlib.bench.faces import Faces
from frlib.bench.loaders import consume, input_batches
from frlib.bench.train_own import Trainer
from frlib.data import catalog
from frlib.data.config import DataConfig
from frlib.data.loading.plan import Plan
from frlib.data.pixels.choose import open_pixels
from frlib.train.config import TrainConfig

_SIDE = 64
_LR = 1e-3
_DEPTH = 2


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """Milliseconds for a step: median of the passes. lost: share of the fixed step, 0.01 = 1 %.

    alone: loading by itself, as a share of the fixed step.
    """

    backbone: str
    side: int
    batch: int
    steps: int
    fixed_ms: float
    loaded_ms: float
    lost: float
    alone: float


def measured(
    faces: Faces,
    store: Path,
    *,
    batch: int,
    repeats: int,
    clock: measure.Clock,
    say: Callable[[str], None],
) -> TrainingResult:
    """The default backbone and head at 64 pixels."""
    config = TrainConfig(
        data=DataConfig(train=faces.records, size=_SIDE),
        optimiser={"name": "sgd", "lr": _LR},
        batch_size=batch,
        epochs=1,
    )
    manifest = catalog.scan(faces.records, store)
    plan = Plan(len(manifest), batch)
    trainer = Trainer(config, "float32", classes=manifest.num_classes, images=len(manifest))
    labels = torch.from_numpy(manifest.labels[:batch].copy())
    with open_pixels(manifest, _SIDE, store, mode="decoded") as pixels:
        fixed = next(input_batches(pixels, manifest, batch, _DEPTH)).clone()

        def on_fixed() -> None:
            for _ in range(plan.steps):
                trainer(fixed, labels)

        def on_loaded() -> None:
            for images in input_batches(pixels, manifest, batch, _DEPTH):
                trainer(images, labels)

        say("training: fixed batch and loader")
        passes = {
            "fixed": on_fixed,
            "loaded": on_loaded,
            "alone": lambda: consume(input_batches(pixels, manifest, batch, _DEPTH)),
        }
        for one in passes.values():
            one()
        times = measure.interleaved(passes, clock, repeats, lambda: None)
    fixed_s, loaded_s = times["fixed"].median_s, times["loaded"].median_s
    return TrainingResult(
        backbone=config.backbone.name,
        side=_SIDE,
        batch=batch,
        steps=plan.steps,
        fixed_ms=1e3 * fixed_s / plan.steps,
        loaded_ms=1e3 * loaded_s / plan.steps,
        lost=loaded_s / fixed_s - 1,
        alone=times["alone"].median_s / fixed_s,
    )
