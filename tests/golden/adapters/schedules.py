"""Golden learning rates `heads/lr_*.npz` and `bct/schedule_a.npz` against `frlib.schedules`.

What only the source's bookkeeping explains (an epoch number that starts at 1, a negative warm-up, a
floor given as a rate) is translated here; the schedules themselves stay without it.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from frlib.schedules import cosine, linear, moving_haar, multi_step, poly
from tests.golden.case import Case

FOLDER = "bct"
FILE = "bct/schedule_a.npz"
CASES = ("case0", "case1", "case2", "unibct")
UNIBCT_MILESTONES = (20, 26, 32)
Arrays = Mapping[str, np.ndarray]
Meta = dict[str, Any]


def _compare(
    arrays: Arrays,
    factor: Callable[[int], float],
    *,
    base: float,
    rtol: float = 1e-9,
    low: float = 0.0,
) -> None:
    found = np.array([low + (base - low) * factor(i) for i in range(len(arrays["lr"]))])
    np.testing.assert_allclose(found, arrays["lr"], rtol=rtol, atol=1e-15 * abs(base))


def _poly_insightface(arrays: Arrays, meta: Meta) -> None:
    """A product of ratios from the base rate: a warm-up below zero runs as one of zero."""
    hyper = meta["hyper"]
    config = poly.Config(
        power=hyper["power"], warmup_epochs=max(0, hyper["warmup_steps"]), first="full"
    )
    total = hyper["total_steps"]
    _compare(arrays, lambda i: poly.factor(i, total, 1, config), base=hyper["base_lr"])


def _poly_mixbct(arrays: Arrays, meta: Meta) -> None:
    """A closed form: a warm-up below zero has already spent that many steps of the decay."""
    hyper = meta["hyper"]
    warm = hyper["warmup_steps"]
    ahead = max(0, -warm)
    config = poly.Config(power=hyper["power"], warmup_epochs=max(0, warm), first="zero")
    total = hyper["total_steps"] + ahead
    _compare(arrays, lambda i: poly.factor(i + ahead, total, 1, config), base=hyper["base_lr"])


def _linear(arrays: Arrays, meta: Meta) -> None:
    total = meta["hyper"]["total_steps"]
    config = linear.Config()
    _compare(arrays, lambda i: linear.factor(i, total, 1, config), base=meta["hyper"]["base_lr"])


def _cosine(arrays: Arrays, meta: Meta) -> None:
    hyper = meta["hyper"]
    config = cosine.Config()
    _compare(
        arrays,
        lambda i: cosine.factor(i, hyper["total_steps"], 1, config),
        base=hyper["base_lr"],
        low=hyper["eta_min"],
    )


def _multistep(arrays: Arrays, meta: Meta) -> None:
    """One rate an epoch; the source's epoch number, from 0 or 1, is what meets the milestones."""
    hyper = meta["hyper"]
    first, epochs = hyper["first_epoch"], hyper["epochs"]
    np.testing.assert_array_equal(arrays["epoch_number"], np.arange(first, first + epochs))
    config = multi_step.Config(milestones_epochs=hyper["milestones"], gamma=hyper["gamma"])
    per_epoch = 7
    _compare(
        arrays,
        lambda e: multi_step.factor((e + first) * per_epoch, epochs * per_epoch, per_epoch, config),
        base=hyper["base_lr"],
    )


def _batch_steps(arrays: Arrays, meta: Meta) -> None:
    """Milestones in iterations, scaled to the batch size and cut to whole numbers."""
    hyper = meta["hyper"]
    scaled = tuple(int(k * 512 / hyper["batch"]) for k in hyper["steps"])
    np.testing.assert_array_equal(arrays["milestones"], scaled)
    config = multi_step.Config(
        milestones_epochs=(), milestones_steps=scaled, gamma=hyper.get("gamma", 0.1)
    )
    _compare(
        arrays,
        lambda i: multi_step.factor(i, len(arrays["lr"]), 1, config),
        base=hyper["base_lr"],
        rtol=1e-5,
    )


def _mhlr(arrays: Arrays, meta: Meta) -> None:
    """Driven by the recorded losses; its statistics are those after each of them."""
    hyper = meta["hyper"]
    config = moving_haar.Config(
        lam=hyper["lambd"], **{name: hyper[name] for name in ("alpha", "beta", "tau", "delta")}
    )
    rule = moving_haar.follow(hyper["total_steps"], 1, config)
    factors, falls, counts = [], [], []
    for i, loss in enumerate(arrays["loss"]):
        factors.append(rule.factor(i))
        rule.observe(float(loss))
        numbers = rule.numbers()
        falls.append(numbers["fall"])
        counts.append(numbers["count"])
    _compare(arrays, lambda i: factors[i], base=hyper["base_lr"])
    np.testing.assert_allclose(falls, arrays["stat_d_ema"], rtol=1e-9, atol=0)
    np.testing.assert_array_equal(counts, arrays["count_after"])


METHODS: dict[str, Callable[[Arrays, Meta], None]] = {
    "lr_poly_warmup__insightface": _poly_insightface,
    "lr_poly2__mixbct": _poly_mixbct,
    "lr_linear__expface": _linear,
    "lr_cosine__expface": _cosine,
    "lr_multistep__boundaryface": _multistep,
    "lr_batch_steps__derived": _batch_steps,
    "lr_mhlr__expface": _mhlr,
}


def cases(root: Path) -> Iterator[Case]:
    """The quadratic schedules and the steps of UniBCT."""
    if (root / FILE).is_file():
        for name in CASES:
            yield Case(f"{FILE}:{name}", partial(_bct, root / FILE, name))


def _bct(path: Path, name: str) -> None:
    with np.load(path, allow_pickle=False) as stored:
        known = {f"{case}_{what}" for case in CASES[:-1] for what in ("params", "lr")}
        assert set(stored.files) == known | {"unibct_lr_per_epoch"}
        if name == "unibct":
            config = multi_step.Config(milestones_epochs=UNIBCT_MILESTONES)
            rates = {"lr": stored["unibct_lr_per_epoch"]}
            _compare(rates, lambda e: multi_step.factor(e, 35, 1, config), base=0.1)
            return
        base, total, warm = stored[f"{name}_params"].tolist()
        hyper = {"base_lr": base, "total_steps": int(total), "warmup_steps": int(warm), "power": 2}
        _poly_mixbct({"lr": stored[f"{name}_lr"]}, {"hyper": hyper})
