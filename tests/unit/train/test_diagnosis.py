"""Where a step stopped being finite; the search itself leaves nothing behind."""

import math

import torch

from frlib.heads.presets import curricular
from frlib.train.diagnosis import Diagnosis, diagnose
from frlib.train.passes import spread
from frlib.train.state import State
from frlib.train.step import passes
from tests.unit.train.worlds import HERE, are_equal, config, copied, manner, piece, state

ROWS = range(8)


def _diagnose(made: State) -> Diagnosis:
    net = spread(made.trainee, HERE)
    pieces = [piece(ROWS[:4], 0), piece(ROWS[4:], 1)]
    return diagnose(made, net, pieces, manner(8), 0)


def test_diagnose_when_all_is_finite_then_nothing_is_found_or_moved() -> None:
    made = state(config(head=curricular.Config()))
    made.trainee.train()
    before = copied(made.trainee.state_dict())
    found = _diagnose(made)
    assert (found.layer, found.gradients, found.samples) == ("", (), ())
    layers = [each for each in made.trainee.backbone.modules() if not list(each.children())]
    assert found.after == len(layers) + 1
    assert math.isfinite(found.loss) and found.scale == 1
    assert len(found.largest) == 5
    sizes = [size for _, size in found.largest]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] > 0
    assert are_equal(made.trainee.state_dict(), before)
    assert all(parameter.grad is None for parameter in made.trainee.parameters())
    assert not any(layer._forward_hooks for layer in made.trainee.modules())


def test_diagnose_when_a_class_centre_is_lost_then_it_is_the_loss_and_no_layer() -> None:
    made = state(config())
    with torch.no_grad():
        made.trainee.head.weight[2] = math.nan
    whose = range(16, 24)
    net = spread(made.trainee, HERE)
    found = diagnose(made, net, [piece(whose)], manner(8), 0)
    assert found.layer == "" and found.samples == tuple(whose)
    layers = [each for each in made.trainee.backbone.modules() if not list(each.children())]
    assert found.after == len(layers)
    assert "head.weight" in found.gradients
    assert "no layer's output; the loss of samples 16, 17, 18, 19, 20 and 3 more" in str(found)


def test_diagnose_when_an_image_is_lost_then_the_first_layer_and_it_are_named() -> None:
    made = state(config())
    made.trainee.eval()
    pieces = [piece(ROWS[:4], 0), piece(ROWS[4:], 1)]
    pieces[1].images[2] = math.inf
    found = diagnose(made, spread(made.trainee, HERE), pieces, manner(8), 0)
    assert found.layer == "backbone.conv1" and found.after == 0
    assert found.samples == (6,)
    assert "backbone.conv1.weight" in found.gradients
    assert found.to_json()["loss"] == "nan"


def test_diagnose_when_the_loss_is_scaled_then_says_by_how_much() -> None:
    made = state(config(), precision="float16")
    made.scale.restore({"scale": 512.0, "good": 0})
    found = _diagnose(made)
    assert found.scale == 512
    assert str(found).endswith("loss scale 512")


def test_diagnose_when_the_backbone_is_compiled_then_its_layers_are_still_seen() -> None:
    made = state(config())
    made.trainee.eval()
    made.trainee.backbone.compile(backend="eager")
    pieces = [piece(ROWS[:4], 0), piece(ROWS[4:], 1)]
    net = spread(made.trainee, HERE)
    list(passes(made, net, pieces, manner(8), 0))
    pieces[0].images[1] = math.inf
    assert diagnose(made, net, pieces, manner(8), 0).layer == "backbone.conv1"
