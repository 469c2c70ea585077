"""How one picture was taken: pose, light, expression, clothes, things in the way, blur and grain.

Every number is drawn from the stream (world seed, person, shot), in the order of the tables below.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.core import seeds
from frlib.data.synth.people import Columns, World

NORMAL: dict[str, tuple[float, float]] = {
    "roll": (0.0, 0.045),
    "shift_x": (0.0, 0.025),
    "shift_y": (0.02, 0.025),
    "zoom": (1.0, 0.03),
    "yaw": (0.0, 0.14),
    "pitch": (0.0, 0.07),
    "gain": (1.0, 0.08),
    "light_x": (0.0, 0.11),
    "light_y": (-0.06, 0.07),
    "cast_r": (1.0, 0.035),
    "cast_g": (1.0, 0.02),
    "cast_b": (1.0, 0.04),
    "contrast": (1.0, 0.05),
    "mouth_open": (-0.01, 0.018),
    "smile": (0.1, 0.28),
    "brow_raise": (0.0, 0.011),
    "squint": (0.0, 0.08),
    "gaze_x": (0.0, 0.009),
    "hair_volume": (0.0, 0.025),
    "hair_fall": (0.0, 0.1),
    "hairline_move": (0.0, 0.025),
    "hair_fade": (0.0, 0.03),
    "blur": (0.0, 0.25),
}
"""Mean and standard deviation at nuisance 1; every draw is clipped at +-2.2 deviations."""

UNIFORM = (
    "back_light", "back_r", "back_g", "back_b", "back_x", "back_y",
    "blob_x", "blob_y", "blob_size", "blob_light",
    "cloth_r", "cloth_g", "cloth_b", "covered", "cover_kind", "cover_1", "cover_2", "cover_3",
    "cover_r", "cover_g", "cover_b",
)  # fmt: skip
"""Drawn between 0 and 1, whatever the nuisance."""


@dataclass(frozen=True)
class Shots:
    """`columns`: `[n, 1, 1]` by name. `grain`: `[3, n, S, S]`, mean 0, deviation 1. Float32."""

    columns: Columns
    grain: NDArray[np.float32]


def draw(world: World, people: NDArray[np.int64], shots: NDArray[np.int64], size: int) -> Shots:
    """The circumstances of `[n]` pictures: shot `shots[i]` of person `people[i]`."""
    n = len(people)
    normal = np.empty((n, len(NORMAL)))
    uniform = np.empty((n, len(UNIFORM)))
    grain = np.empty((3, n, size, size), np.float32)
    for i, (person, shot) in enumerate(zip(people.tolist(), shots.tolist(), strict=True)):
        rng = seeds.stream(world.seed, "synth", "image", person, shot)
        normal[i] = rng.standard_normal(len(NORMAL))
        uniform[i] = rng.random(len(UNIFORM))
        grain[:, i] = rng.random((3, size, size), dtype=np.float32)
    grain -= np.float32(0.5)
    grain *= np.float32(np.sqrt(12))
    mean, sd = np.array(list(NORMAL.values())).T
    normal = mean + world.nuisance * sd * np.clip(normal, -2.2, 2.2)
    rows = np.concatenate([normal, uniform], axis=1).astype(np.float32)
    return Shots({k: rows[:, c, None, None] for c, k in enumerate((*NORMAL, *UNIFORM))}, grain)
