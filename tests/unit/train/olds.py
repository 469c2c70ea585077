"""An old side for the world of coloured noise: features drawn around a direction of each person."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from frlib.compat._classes import class_means, class_radius
from frlib.core import safeio
from frlib.core.seeds import stream
from frlib.data.manifest import Manifest
from frlib.evaluate.features import Features
from frlib.train.old_files import ABOUT, SUMMARY_FILE, TRAIN


def made(folder: Path, manifest: Manifest, size: int = 16) -> dict[str, Any]:
    """Fields of `compat` short of the method; the folder has what its stages would have left."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = stream(0, "test old features")
    people = draw.standard_normal((manifest.num_classes, size))
    noise = draw.standard_normal((len(manifest), size))
    raw = (3 * (people[manifest.labels] + 0.3 * noise)).astype(np.float32)
    Features(manifest.ids, raw).save(folder / TRAIN)
    radius = class_radius(raw, manifest.labels, manifest.num_classes)
    means, _ = class_means(raw, manifest.labels, manifest.num_classes, "raw")
    found = {
        "credible": np.arange(len(manifest)) % 5 > 0,
        "means": means,
        "centre": radius.centre_Cd,
        "radius": radius.radius_C,
        "count": radius.count_C,
    }
    tensors = {name: torch.from_numpy(np.ascontiguousarray(one)) for name, one in found.items()}
    save_file(tensors, folder / SUMMARY_FILE)
    safeio.write_json(folder / ABOUT, {"dimensions": size, "manifest": manifest.digest})
    return {"changes": {"epochs": 1}, "features": str(folder), "summary": str(folder)}
