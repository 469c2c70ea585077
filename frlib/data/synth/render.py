"""From (world, person, shot, size) to pixels."""

import numpy as np
from numpy.typing import NDArray

from frlib.data.synth import covers
from frlib.data.synth.canvas import Canvas, Plane, Pose, clip01
from frlib.data.synth.face import Face
from frlib.data.synth.people import Columns, World, traits
from frlib.data.synth.shots import draw

VERSION = 1
"""Part of every checksum: raise it when the pixels of an existing (world, person, shot) change."""
CHUNK_PIXELS = 1 << 16
"""Pixels painted at a time: one plane of 256 KiB stays in the cache."""


def render(
    world: World, people: NDArray[np.int64], shots: NDArray[np.int64], size: int
) -> NDArray[np.uint8]:
    """Pictures `[n, size, size, 3]`, RGB: shot `shots[i]` of person `people[i]`."""
    pictures = np.empty((len(people), size, size, 3), np.uint8)
    step = max(1, CHUNK_PIXELS // size**2)
    for start in range(0, len(people), step):
        rows = slice(start, start + step)
        pictures[rows] = _chunk(world, people[rows], shots[rows], size)
    return pictures


def _chunk(
    world: World, people: NDArray[np.int64], shots: NDArray[np.int64], size: int
) -> NDArray[np.uint8]:
    who = traits(world, people)
    shot = draw(world, people, shots, size)
    how = shot.columns
    pose = _pose(how)
    u, v = pose.coordinates(size)
    rgb = np.empty((3, *u.shape), np.float32)
    canvas = Canvas(pose, size, u, v, rgb, 1.1 / size * pose.zoom)
    Face(canvas, who, how).paint()
    covers.put_on(canvas, how, world.occlusion)
    return _develop(canvas, how, shot.grain, world.grain)


def _pose(how: Columns) -> Pose:
    turn = how["roll"].astype(np.float64)
    return Pose(
        np.cos(turn).astype(np.float32),
        np.sin(turn).astype(np.float32),
        0.94 * how["zoom"],
        how["shift_x"],
        how["shift_y"],
    )


def _develop(canvas: Canvas, how: Columns, grain: Plane, strength: float) -> NDArray[np.uint8]:
    rgb = canvas.rgb
    light = canvas.u * (how["light_x"] * 0.9)
    light += canvas.v * (how["light_y"] * 0.9)
    light += how["gain"]
    np.maximum(light, 0.15, out=light)
    rgb *= light
    rgb -= 0.5
    for plane, name in zip(rgb, ("cast_r", "cast_g", "cast_b"), strict=True):
        plane *= how["contrast"]
        plane += 0.5
        plane *= how[name]
    clip01(rgb)
    _blur(rgb, np.abs(how["blur"]) * 0.28)
    grain *= strength
    rgb += grain
    clip01(rgb)
    rgb *= 255
    rgb += 0.5
    return np.moveaxis(rgb, 0, -1).astype(np.uint8)


def _blur(rgb: Plane, weight: Plane) -> None:
    """Twice mix every pixel with its neighbours, first along rows and then along columns."""
    weight = np.minimum(weight, 1 / 3)
    for _ in range(2):
        for axis in (2, 3):
            moved = np.moveaxis(rgb, axis, -1)
            near = np.empty_like(moved)
            near[..., 1:-1] = moved[..., :-2] + moved[..., 2:]
            near[..., 0] = moved[..., 0] + moved[..., 1]
            near[..., -1] = moved[..., -1] + moved[..., -2]
            near -= 2 * moved
            near *= weight
            moved += near
