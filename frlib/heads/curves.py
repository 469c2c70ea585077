"""What each head makes of the target cosine: its value after the margin, and the slope it has.

Both come from the slots themselves: `margin.apply`, then `negatives.target`, with autograd for the
slope, so that a detached margin has slope 1 here as it has in training. Scale, objective and
relabelling do not matter: the value is the target logit divided by the scale.

A target may depend on more than its angle: on the embedding's length, a draw, a hard negative
(`RANGES`), on running statistics or learned numbers (`AMOUNTS`, by margin). It is then evaluated
from one end of the range to the other. Which ranges matter to a head is found by trying them.

T angles. The columns are plain numpy: whoever draws them needs no torch.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from frlib.core import discover
from frlib.heads.batch import Batch
from frlib.heads.pages import PRESETS, composition
from frlib.heads.reference import Reference
from frlib.heads.shard import Shard
from frlib.heads.similarity import dot
from frlib.heads.slots import Negatives, Slots
from frlib.heads.state import Numbers
from frlib.parallel.collectives import SINGLE

ANGLES: NDArray[np.float64] = np.linspace(0.0, 180.0, 361)
PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)
MIDDLE = 0.5


@dataclass(frozen=True)
class Range:
    """A number that a target may depend on besides its angle, in words, and its course."""

    words: str
    low: float
    middle: float
    high: float

    def at(self, place: float) -> float:
        """The number at a place from 0 (low) over 0.5 (middle) to 1 (high)."""
        return float(np.interp(place, (0.0, MIDDLE, 1.0), (self.low, self.middle, self.high)))


RANGES = {
    "length": Range("|x| 10 to 110", 10.0, 60.0, 110.0),
    "draw": Range("draws within ± 2 std", -2.0, 0.0, 2.0),
    "other": Range("a negative at 0 to 0.5", 0.0, 0.25, 0.5),
}
AMOUNTS = {
    "adaptive": Range("z −1 to 1", -1.0, 0.0, 1.0),
    "learned": Range("m 0 to 1, starts at 0.35", 0.0, 0.35, 1.0),
}
_NOT_SAID = ("margin_grad", "ema_rate")
_PLAIN = {
    "scale": "fixed",
    "similarity": "cosine",
    "negatives": "none",
    "relabel": "none",
    "objective": "cross_entropy",
}


def targets(theta_deg: NDArray[np.float64] = ANGLES) -> dict[str, NDArray[Any]]:
    """Columns; a row is a preset at its defaults, a variant, and an angle.

    preset. title: in tables. margin: choice of the slot. settings: of what makes the target.
    elsewhere: the first other slot that is not plain, `relabel` for example. variant: the range in
    words, empty where the angle is all that matters. place: in the range, 0 to 1. theta_deg.
    value: in cosines. slope: of the value over the cosine; at 0 and 180 degrees there is none,
    whatever stands there.
    """
    parts = []
    for name in discover.choices(PRESETS):
        module = discover.load(PRESETS, name)
        config = module.Config()
        slots: Slots = module.compose(config)
        about = {
            "preset": name,
            "title": module.label(config),
            "margin": slots.margin.name,
            "settings": _settings(name, slots),
            "elsewhere": _elsewhere(slots),
        }
        parts += [{**about, **variant} for variant in _variants(slots, theta_deg)]
    return {
        key: np.concatenate([np.broadcast_to(part[key], theta_deg.shape) for part in parts])
        for key in parts[0]
    }


def target(
    slots: Slots, theta_deg: NDArray[np.float64], **numbers: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """`[T]` values and slopes, where `numbers` of `_ranges(slots)` stand as given, or midway."""
    cos_T = torch.from_numpy(np.cos(np.radians(theta_deg)))
    at = {name: one.middle for name, one in _ranges(slots).items()} | numbers
    labels_T = torch.zeros(len(cos_T), dtype=torch.int64)
    batch, columns = _batch(labels_T, at), _one_other(cos_T, at["other"])
    state = {
        name: Numbers(getattr(slots, name).state(2), columns.shard, 1).double()
        for name in ("margin", "negatives")
    }
    with torch.no_grad():
        amounts_T = slots.margin.amounts(batch, cos_T, labels_T, state["margin"])
        if amounts_T is not None and "amount" in at:
            amounts_T = torch.full_like(cos_T, at["amount"])
        known = slots.margin.apply(cos_T, amounts_T)
        rows = slots.negatives.rows(columns, labels_T, cos_T, known, batch, state["negatives"])
    own_T = cos_T.clone().requires_grad_()
    value_T = slots.negatives.target(own_T, slots.margin.apply(own_T, amounts_T), *rows)
    (slope_T,) = torch.autograd.grad(value_T.sum(), own_T)
    return value_T.detach().numpy(), slope_T.numpy()


def _variants(slots: Slots, theta_deg: NDArray[np.float64]) -> Iterator[dict[str, Any]]:
    """The target over every range that changes it, all of them together."""
    ranges = _ranges(slots)
    matters = [
        name
        for name, one in ranges.items()
        if len({target(slots, theta_deg, **{name: one.at(p)})[0].tobytes() for p in PLACES}) > 1
    ]
    words = "; ".join(ranges[name].words for name in matters)
    for places in itertools.product(PLACES, repeat=len(matters)):
        numbers = {name: ranges[name].at(p) for name, p in zip(matters, places, strict=True)}
        value_T, slope_T = target(slots, theta_deg, **numbers)
        yield {
            "variant": words,
            "place": float(np.mean(places)) if places else MIDDLE,
            "theta_deg": theta_deg,
            "value": value_T,
            "slope": slope_T,
        }


def _ranges(slots: Slots) -> dict[str, Range]:
    amount = AMOUNTS.get(slots.margin.name)
    return RANGES if amount is None else RANGES | {"amount": amount}


def _settings(preset: str, slots: Slots) -> str:
    makers = {"margin"}
    if type(slots.negatives).target is not Negatives.target:
        makers.add("negatives")
    words = [one.words(_NOT_SAID) for one in composition(preset) if one.slot in makers]
    return "; ".join(text for text in words if text)


def _elsewhere(slots: Slots) -> str:
    for slot in ("relabel", "objective", "negatives", "similarity", "scale"):
        if getattr(slots, slot).name != _PLAIN[slot]:
            return slot
    return "terms" if slots.terms else ""


def _batch(labels_T: Tensor, at: Mapping[str, float]) -> Batch:
    length_T = torch.full(labels_T.shape, at["length"], dtype=torch.float64)
    return _Staged(
        emb_BD=length_T[:, None],
        norms_B=length_T,
        given_B=labels_T,
        samples_B=labels_T,
        epoch=0,
        step=0,
        seed=0,
        is_training=False,
        shard=Shard.of(2),
        data=SINGLE,
        draw=at["draw"],
    )


@dataclass(frozen=True)
class _Staged(Batch):
    """A batch whose normal draws are all the same."""

    draw: float

    def normal(self, name: str) -> Tensor:
        return torch.full((len(self.given_B),), self.draw, dtype=torch.float64)


def _one_other(cos_T: Tensor, other: float) -> Reference:
    """Two classes: the target at each angle, and another one at a cosine."""
    cos_T2 = torch.stack([cos_T, torch.full_like(cos_T, other)], 1)
    eye = torch.eye(2, dtype=cos_T.dtype)
    return Reference(cos_T2, eye, dot.Config(), Shard.of(2), torch.arange(2), True, cos_T.dtype)
