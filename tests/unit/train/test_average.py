import torch

from frlib.train.average import Average
from tests.unit.train.worlds import are_equal, config, copied, state

RATE, STEPS = 0.9, 6


def _moved(trainee: torch.nn.Module, step: int) -> None:
    draw = torch.Generator().manual_seed(step)
    with torch.no_grad():
        for parameter in trainee.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=draw))


def test_average_when_updated_then_is_the_closed_form() -> None:
    trainee = state(config()).trainee.double()
    average = Average(trainee, RATE)
    seen = [copied(dict(trainee.named_parameters()))]
    for step in range(STEPS):
        _moved(trainee, step)
        average.update(torch.tensor(True))
        seen.append(copied(dict(trainee.named_parameters())))
    for name, found in average.tensors().items():
        wanted = RATE**STEPS * seen[0][name]
        for step in range(1, STEPS + 1):
            wanted = wanted + (1 - RATE) * RATE ** (STEPS - step) * seen[step][name]
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)


def test_in_place_when_left_then_the_weights_are_back_even_after_an_error() -> None:
    trainee = state(config()).trainee
    average = Average(trainee, RATE)
    _moved(trainee, 0)
    own, averaged = copied(trainee.state_dict()), copied(average.tensors())
    places = [parameter.data_ptr() for parameter in trainee.parameters()]
    try:
        with average.in_place():
            inside = copied(dict(trainee.named_parameters()))
            raise KeyError
    except KeyError:
        pass
    assert are_equal(inside, averaged)
    assert are_equal(trainee.state_dict(), own)
    assert [parameter.data_ptr() for parameter in trainee.parameters()] == places
    _moved(trainee, 1)
    assert are_equal(average.tensors(), averaged)


def test_model_when_an_average_is_kept_then_has_its_weights_and_current_statistics() -> None:
    made = state(config(ema=RATE))
    assert made.average is not None
    _moved(made.trainee, 0)
    made.trainee.backbone.get_buffer("bn1.running_mean").fill_(3.0)
    model, average = made.model(), made.average.tensors()
    assert are_equal({name: model[name] for name in average}, average)
    assert bool((model["backbone.bn1.running_mean"] == 3).all())
    assert model.keys() == made.trainee.state_dict().keys()
    with made.evaluated():
        assert are_equal(dict(made.trainee.state_dict()), model)


def test_model_when_no_average_is_kept_then_is_the_trainee() -> None:
    made = state(config())
    assert made.average is None
    assert not any(name.startswith("average.") for name in made.tensors())
    with made.evaluated():
        assert are_equal(made.model(), dict(made.trainee.state_dict()))


def test_average_when_a_step_was_left_out_then_it_stays() -> None:
    trainee = state(config()).trainee
    average = Average(trainee, RATE)
    _moved(trainee, 0)
    average.update(torch.tensor(True))
    before = copied(average.tensors())
    average.update(torch.tensor(False))
    assert are_equal(average.tensors(), before)
