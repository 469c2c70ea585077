"""Every method with every head: losses and gradients are finite, and the method has its say."""

from typing import Any

import numpy as np
import pytest
import torch

from frlib.core import discover
from frlib.train.loop import epochs
from frlib.train.old_side import OldSide
from tests.unit.train import olds
from tests.unit.train.worlds import HERE, config, manifest, pixels

HEADS = discover.choices("frlib.heads.presets")
METHODS: dict[str, dict[str, Any]] = {
    name: {"name": name} for name in discover.choices("frlib.compat") if name != "none"
}
METHODS["unibct"] |= {"start_epoch": 0, "refresh": [0], "variant": "rows"}
METHODS["nccl"] |= {"buffer": 32}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Fields of `compat`, of the noisy world."""
    return olds.made(tmp_path_factory.mktemp("old"), manifest(6))


def _ended(head: dict[str, Any], compat: dict[str, Any]) -> tuple[dict[str, float], torch.Tensor]:
    given = manifest(6)
    run = config(head=head, compat=compat, epochs=1, batch_size=16, on_nonfinite="stop")
    assert run.compat is not None
    side = OldSide(run.compat, given)
    *_, last = epochs(run, given, pixels(), seed=1, place=HERE, old=side)
    return last.row, last.state.trainee.head.weight.detach()


@pytest.mark.parametrize("head", HEADS)
def test_methods_when_crossed_with_a_head_then_train_it_and_are_heard(
    head: str, old: dict[str, Any]
) -> None:
    _, alone = _ended({"name": head}, old)
    for name, method in METHODS.items():
        row, centres = _ended({"name": head}, old | {"method": method})
        assert np.isfinite(list(row.values())).all(), f"{name}: {row}"
        assert torch.isfinite(centres).all(), name
        parts = [part for part in row if part.startswith("train/compat/")]
        assert parts, f"{name} reports nothing"
        if name == "mixbct":
            assert not torch.equal(centres, alone), name


@pytest.mark.parametrize("name", METHODS)
def test_methods_when_classes_are_sampled_and_logits_narrow_then_train(
    name: str, old: dict[str, Any]
) -> None:
    head = {"name": "subcenter", "loss_k": 3, "sample_rate": 0.5, "logits": "bfloat16"}
    row, _ = _ended(head, old | {"method": METHODS[name]})
    assert np.isfinite(list(row.values())).all()
