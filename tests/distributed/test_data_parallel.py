"""Two and four workers at the same global batch follow one, whatever the head keeps between steps.

Whole heads on every worker, and classes that are shared out over them. One start of each number of
workers trains all runs, because starting is what takes time.
"""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.distributed.training import Job, Result, done

pytestmark = pytest.mark.dist

RUNS: dict[str, dict[str, Any]] = {
    "curricular": {"head": {"name": "curricular", "scale": 16.0}},
    "boundary": {"head": {"name": "boundary", "margin": 0.1, "first_corrected_epoch": 0}},
    "moving haar": {
        "head": {"name": "arcface", "scale": 16.0},
        "schedule": {"name": "moving_haar", "alpha": 0.3, "lam": 1.0, "tau": 0.2},
    },
    "sampled": {
        "head": {
            "name": "boundary", "margin": 0.1, "first_corrected_epoch": 0, "sample_rate": 0.5
        }
    },
    "subcenter": {"head": {"name": "subcenter", "scale": 16.0, "loss_k": 2}},
    "magface": {"head": {"name": "magface", "scale": 16.0, "l_a": 1.0, "u_a": 8.0}},
    "adaface": {"head": {"name": "adaface", "scale": 16.0}},
    "adacos": {"head": {"name": "adacos"}},
    "elastic plus": {"head": {"name": "elastic", "scale": 16.0, "plus": True}},
    "adam": {"head": {"name": "adam_softmax", "lam": 1.0}},
    "adam sampled": {"head": {"name": "adam_softmax", "lam": 1.0, "sample_rate": 0.5}},
    "uniface": {"head": {"name": "uniface", "scale": 16.0}},
    "unequal": {"head": {"name": "unequal", "scale": 16.0, "interweight": 1.0}},
    "repface": {
        "head": {"name": "repface", "scale": 16.0, "margin": 0.1, "first_corrected_epoch": 1}
    },
    "vit that draws": {
        "head": {"name": "arcface", "scale": 16.0},
        "backbone": {
            "name": "vit", "patch": 8, "embedding_size": 16, "drop_path": 0.2, "mask_ratio": 0.2,
            "dropout": 0.1, "recompute": True,
        },
        "accumulate": 2,
        "epochs": 1,
    },
    "in pieces": {"head": {"name": "curricular", "scale": 16.0}, "accumulate": 2},
    "sampled in pieces": {
        "head": {"name": "boundary", "margin": 0.1, "sample_rate": 0.5, "first_corrected_epoch": 0},
        "accumulate": 2,
    },
    "few sampled": {
        "head": {"name": "adam_softmax", "lam": 1.0, "sample_rate": 0.1},
        "batch_size": 4,
        "epochs": 1,
    },
    "frozen backbone": {"head": {"name": "uniface", "scale": 16.0}, "freeze": ("backbone",)},
    "frozen head": {"freeze": ("head",)},
    "filled": {"batch_size": 20, "last_batch": "fill", "accumulate": 1},
    "averaged": {"ema": 0.8, "optimiser": {"name": "sgd", "lr": 0.05, "clip_norm": 0.0}},
    "adamw": {"optimiser": {"name": "adamw", "lr": 0.003, "layer_decay": 0.7, "head_rate": 3.0}},
    "clipped": {"optimiser": {"name": "sgd", "lr": 0.05, "clip_norm": 0.1}},
    "settings that change": {
        "head": {"name": "curricular", "scale": 16.0, "sample_rate": 0.5},
        "course": [
            {
                "epoch": 1,
                "settings": {
                    "head.margin": 0.2, "head.ema_rate": 0.3, "head.sample_rate": 1.0,
                    "optimiser.weight_decay": 0.01, "optimiser.decay": "weights",
                    "optimiser.clip_norm": 1.0,
                },
            }
        ],
    },
}  # fmt: skip
WAYS = ("replicated", "sharded")
FOUR = (
    "few sampled",
    "boundary",
    "sampled",
    "adam",
    "unequal",
    "repface",
    "in pieces",
    "averaged",
    "adamw",
)
FROZEN_STATISTICS = {
    "freeze": (
        "backbone.bn*", "backbone.*.bn*", "backbone.*.downsample.2.*", "backbone.features.*"
    )
}  # fmt: skip


def _job(name: str, way: str, **changes: Any) -> Job:
    return Job(f"{name}, {way}", RUNS[name] | {"class_rows": way} | changes)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What one worker arrived at."""
    jobs = [
        *(Job(name, changes) for name, changes in RUNS.items()),
        Job("float32", RUNS["curricular"], dtype="float32"),
        Job("halves", FROZEN_STATISTICS | {"accumulate": 2}),
    ]
    return done(jobs, 1, tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """What two workers arrived at."""
    jobs = [
        *(_job(name, way) for name in RUNS for way in WAYS),
        *(
            Job(f"float32, {way}", RUNS["curricular"] | {"class_rows": way}, dtype="float32")
            for way in WAYS
        ),
        *(Job(f"halves, {way}", FROZEN_STATISTICS | {"class_rows": way}) for way in WAYS),
    ]
    return done(jobs, 2, tmp_path_factory.mktemp("two"))


def _same(found: Result, wanted: Result, rtol: float = 1e-6, atol: float = 1e-8) -> None:
    assert found.keys() == wanted.keys() and len(wanted["curves"]) >= 3
    for key in ("flagged", "proposed"):
        assert torch.equal(found[key], wanted[key]), key
    for key, expected in wanted.items():
        torch.testing.assert_close(found[key], expected, rtol=rtol, atol=atol, msg=key)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", RUNS)
def test_training_when_two_workers_share_a_batch_then_equals_one_worker(
    name: str, way: str, one: dict[str, Result], two: dict[str, Result]
) -> None:
    _same(two[f"{name}, {way}"], one[name])


@pytest.mark.parametrize("way", WAYS)
def test_training_when_in_float32_then_within_a_thousandth(
    way: str, one: dict[str, Result], two: dict[str, Result]
) -> None:
    _same(two[f"float32, {way}"], one["float32"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_training_when_one_worker_does_two_halves_then_equals_two_workers(
    way: str, one: dict[str, Result], two: dict[str, Result]
) -> None:
    """Without batch statistics, which a piece would have of its own."""
    _same(two[f"halves, {way}"], one["halves"])


@pytest.mark.slow
def test_training_when_four_workers_share_a_batch_then_equals_one_worker(
    one: dict[str, Result], tmp_path: Path
) -> None:
    four = done([_job(name, way) for name in FOUR for way in WAYS], 4, tmp_path)
    for name in FOUR:
        for way in WAYS:
            _same(four[f"{name}, {way}"], one[name])
