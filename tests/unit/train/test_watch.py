"""What a step that was not finite moved in its forward pass is put back."""

import numpy as np
import pytest
import torch

from frlib.data.augment import Draws
from frlib.heads.presets import repface
from frlib.train.step import Done
from frlib.train.watch import Fed, Watch
from tests.unit.train.worlds import are_equal, config, copied, state

CPU = torch.device("cpu")
FED = Fed(torch.zeros(2, 4, 4, 3), torch.zeros(2), torch.arange(2), Draws(np.zeros(2, dtype=bool)))


def _done(is_bad: bool) -> Done:
    nothing = torch.zeros(())
    return Done(nothing, nothing, torch.tensor(is_bad), torch.zeros(2, 3), ())


@pytest.mark.parametrize("goes_on", [True, False])
def test_watch_when_a_step_is_bad_then_buffers_of_every_type_are_as_before_it(
    goes_on: bool,
) -> None:
    trainee = (made := state(config(head=repface.Config()))).trainee
    watch = Watch(made, goes_on=goes_on, device=CPU)
    assert {buffer.dtype for buffer in trainee.buffers()} == {torch.float32, torch.int64}
    for step, is_bad in enumerate((False, True, True, False)):
        before = copied(dict(trainee.named_buffers()))
        watch.before()
        for buffer in trainee.buffers():
            buffer.add_(1)
        bad = watch.after(step, _done(is_bad), FED)
        assert (bad is not None) == is_bad
        assert are_equal(dict(trainee.named_buffers()), before) == is_bad
        if bad is not None:
            assert bad.step == step and bad.fed is FED
        assert watch.hold is None
    assert watch.last() is None
