"""What a run tells those who listen."""

from dataclasses import replace
from typing import Any

import pytest

from frlib.train import loop
from frlib.train.loop import epochs
from tests.unit.train.worlds import HERE, Heard, config, manifest, pixels


def test_epochs_when_somebody_listens_then_points_come_every_so_many_steps() -> None:
    heard = Heard()
    run = config(log_every=2, schedule="constant")
    for epoch in epochs(run, manifest(), pixels(), seed=0, place=HERE, listener=heard):
        assert {"time/data_wait", "time/forward", "time/backward", "time/update"} <= set(epoch.row)
    assert [(number, step) for number, step, _ in heard.points] == [(1, 2), (2, 4), (2, 6), (3, 8)]
    assert all(row["steps/lr"] == 0.05 and row["steps/norm"] > 0 for _, _, row in heard.points)
    assert heard.events == []


def test_epochs_when_the_loss_jumps_then_the_sign_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def jumped(state: Any, *given: Any, **named: Any) -> Any:
        done = step(state, *given, **named)
        return replace(done, loss=done.loss * (10 if state.step == 8 else 1))

    step = loop.step
    monkeypatch.setattr(loop, "step", jumped)
    heard = Heard()
    list(epochs(config(log_every=1), manifest(), pixels(), seed=0, place=HERE, listener=heard))
    ((name, message),) = heard.events
    assert name == "loss spike" and message.startswith("step 8: loss ")
