"""Who is who: a person is a point in a continuous space, so nearly equal strangers exist.

    traits_T = mean_T + spread * sd_T * (sqrt(1 - own) mixing_TF @ factors_F + sqrt(own) rest_T)

`factors_F` and `rest_T` are standard normal draws of the person, clipped at +-2.5; rows of
`mixing_TF` are drawn from the world's seed and have unit length. Few factors make features vary
together, so that a small net can learn from forty people what tells strangers apart.
Lengths are in face units: the picture spans [-1, 1], y points down.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from frlib.core import seeds
from frlib.core.config import Config, setting

TRAITS: dict[str, tuple[float, float]] = {
    "face_w": (0.56, 0.061),
    "face_h": (0.78, 0.061),
    "jaw": (0.34, 0.15),
    "skin_light": (0.66, 0.054),
    "skin_warm": (0.17, 0.027),
    "eye_y": (-0.12, 0.047),
    "eye_dx": (0.245, 0.038),
    "eye_w": (0.118, 0.019),
    "eye_h": (0.056, 0.015),
    "eye_tilt": (0.0, 0.15),
    "iris_r": (0.050, 0.0081),
    "iris_light": (0.30, 0.11),
    "iris_warm": (0.02, 0.11),
    "lid": (0.024, 0.0095),
    "brow_gap": (0.150, 0.035),
    "brow_w": (0.150, 0.027),
    "brow_h": (0.026, 0.012),
    "brow_tilt": (-0.08, 0.18),
    "brow_bend": (1.6, 1.2),
    "brow_dark": (0.75, 0.19),
    "nose_y": (0.200, 0.054),
    "nose_w": (0.105, 0.027),
    "nose_bend": (0.0, 0.019),
    "bridge_w": (0.055, 0.016),
    "bridge_dark": (0.16, 0.095),
    "nostril": (0.45, 0.16),
    "mouth_y": (0.440, 0.047),
    "mouth_w": (0.200, 0.038),
    "lip_up": (0.036, 0.015),
    "lip_low": (0.048, 0.018),
    "lip_red": (0.14, 0.068),
    "lip_light": (-0.10, 0.068),
    "mouth_bend": (0.0, 0.47),
    "hair_light": (0.27, 0.095),
    "hair_warm": (0.08, 0.041),
    "hair_top": (0.15, 0.041),
    "hair_side": (0.09, 0.041),
    "hair_low": (0.45, 0.3),
    "hairline": (-0.50, 0.074),
    "hairline_tilt": (0.0, 0.16),
    "hairline_bend": (0.45, 0.47),
    "ear_w": (0.070, 0.024),
    "ear_y": (0.00, 0.047),
    "cheek_shade": (0.02, 0.095),
    "cheek_y": (0.20, 0.068),
    "eye_bag": (0.10, 0.081),
    "socket": (0.12, 0.081),
    "brow_ridge": (0.02, 0.081),
    "temple": (0.04, 0.095),
    "chin_shade": (0.04, 0.095),
    "chin_y": (0.62, 0.041),
    "fold": (0.08, 0.081),
    "beard": (-0.05, 0.22),
    "moustache": (-0.08, 0.22),
    "mole_x": (0.0, 0.24),
    "mole_y": (0.22, 0.22),
    "mole_r": (0.022, 0.016),
    "mark_x": (0.0, 0.24),
    "mark_y": (0.12, 0.25),
    "mark_r": (0.016, 0.019),
    "skew": (0.0, 0.027),
}
"""Mean and standard deviation of every trait, at spread 1."""

Columns = dict[str, NDArray[np.float32]]
"""`[n, 1, 1]` each, by name."""


class World(Config):
    """A population and the conditions its pictures are taken under."""

    seed: int = setting(0, ge=0, doc="draws the population; the same seed holds the same people")
    factors: int = setting(12, ge=1, doc="independent ways in which people differ")
    own: float = setting(0.25, ge=0, le=1, doc="share of a trait's variance that is not shared")
    spread: float = setting(1.0, gt=0, le=1.5, doc="how far people differ; smaller is harder")
    nuisance: float = setting(1.0, ge=0, le=4, doc="strength of pose, light and expression")
    occlusion: float = setting(0.15, ge=0, le=1, doc="chance that part of a face is covered")
    grain: float = setting(
        0.02, ge=0, le=0.5, doc="deviation of the sensor noise", unit="of full scale"
    )


@lru_cache(maxsize=64)
def _mixing(seed: int, factors: int) -> NDArray[np.float64]:
    drawn = seeds.stream(seed, "synth", "mixing").standard_normal((len(TRAITS), factors))
    return drawn / np.sqrt((drawn**2).sum(axis=1, keepdims=True))


@lru_cache(maxsize=1 << 16)
def _traits(world: World, person: int) -> NDArray[np.float32]:
    rng = seeds.stream(world.seed, "synth", "identity", person)
    factors = np.clip(rng.standard_normal(world.factors), -2.5, 2.5)
    rest = np.clip(rng.standard_normal(len(TRAITS)), -2.5, 2.5)
    shared = (_mixing(world.seed, world.factors) * factors).sum(axis=1)
    unit = np.sqrt(1 - world.own) * shared + np.sqrt(world.own) * rest
    mean, sd = np.array(list(TRAITS.values())).T
    return (mean + world.spread * sd * unit).astype(np.float32)


def traits(world: World, people: NDArray[np.int64]) -> Columns:
    """Traits of `[n]` people, each `[n, 1, 1]` float32."""
    rows = np.stack([_traits(world, int(person)) for person in people])
    return {name: rows[:, t, None, None] for t, name in enumerate(TRAITS)}
