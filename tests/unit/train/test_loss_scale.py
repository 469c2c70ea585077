import pytest
import torch

from frlib.train.loss_scale import GROWTH, LEAST, START, LossScale

CPU = torch.device("cpu")
GOOD, BAD = torch.tensor(True), torch.tensor(False)


def _scale(**numbers: float) -> LossScale:
    scale = LossScale("float16", CPU)
    scale.restore({"scale": START, "good": 0} | numbers)
    return scale


def test_scale_when_gradients_are_not_finite_then_is_half() -> None:
    scale = _scale(good=7)
    scale.update(BAD)
    assert scale.numbers() == {"scale": START / 2, "good": 0}
    assert float(scale.inverse()) == 2 / START
    assert float(scale.scaled(torch.tensor(3.0))) == 3 * START / 2


def test_scale_when_enough_steps_were_good_then_is_twice() -> None:
    scale = _scale(good=GROWTH - 2)
    scale.update(GOOD)
    assert scale.numbers() == {"scale": START, "good": GROWTH - 1}
    scale.update(GOOD)
    assert scale.numbers() == {"scale": 2 * START, "good": 0}


def test_scale_when_it_is_least_then_stays() -> None:
    scale = _scale(scale=2 * LEAST)
    assert not bool(scale.is_least)
    for _ in range(3):
        scale.update(BAD)
        assert bool(scale.is_least)
    assert scale.numbers()["scale"] == LEAST


def test_scale_when_as_torchs_own_then_takes_the_same_way() -> None:
    theirs = torch.amp.GradScaler("cpu", init_scale=START, growth_interval=GROWTH)
    theirs._lazy_init_scale_growth_tracker(CPU)
    ours = _scale()
    draw = torch.Generator().manual_seed(0)
    is_good = torch.rand(5 * GROWTH, generator=draw) > 0.2 / GROWTH
    assert 0 < int((~is_good).sum()) < 10
    for good in is_good:
        torch._amp_update_scale_(
            theirs._scale, theirs._growth_tracker, (~good).float(), 2.0, 0.5, GROWTH
        )
        ours.update(good)
    assert ours.numbers() == {
        "scale": float(theirs._scale),  # type: ignore[arg-type]
        "good": int(theirs._growth_tracker),  # type: ignore[call-overload]
    }


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_scale_when_precision_needs_none_then_is_one_and_keeps_nothing(precision: str) -> None:
    scale, loss = LossScale(precision, CPU), torch.tensor(3.0)
    scale.update(BAD)
    assert scale.scaled(loss) is loss
    assert float(scale.inverse()) == 1 and bool(scale.is_least)
    assert scale.numbers() == {}
    scale.restore({"scale": 4.0, "good": 1})
    assert float(scale.inverse()) == 1
