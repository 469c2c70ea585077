"""Which parameter gets which rate and decay."""

import torch
from torch import nn

from frlib.optimisers import adamw, groups, sgd

SHAPES = {
    "backbone.token": (1, 1, 4),
    "backbone.conv1.weight": (2, 2, 3, 3),
    "backbone.layer1.0.weight": (2, 2),
    "backbone.layer1.0.bias": (2,),
    "backbone.layer1.1.weight": (2, 2),
    "backbone.fc.weight": (2, 2),
    "head.weight": (3, 2),
    "head.margin.margin": (3,),
}
NAMED = [(name, nn.Parameter(torch.zeros(shape))) for name, shape in SHAPES.items()]
NAMES = {parameter: name for name, parameter in NAMED}


def _told(settings: sgd.Config) -> dict[str, tuple[float, float]]:
    """Name -> rate and decay."""
    return {
        NAMES[parameter]: (group["rate"], group["weight_decay"])
        for group in groups(NAMED, settings)
        for parameter in group["params"]
    }


def test_groups_when_nothing_is_set_then_one_holds_all_in_order() -> None:
    (only,) = groups(NAMED, sgd.Config())
    assert [NAMES[parameter] for parameter in only["params"]] == list(SHAPES)
    assert (only["rate"], only["weight_decay"]) == (1.0, 5e-4)


def test_groups_when_weights_alone_decay_then_vectors_do_not() -> None:
    found = _told(sgd.Config(decay="weights"))
    assert {name for name, (_, decay) in found.items() if not decay} == {
        "backbone.layer1.0.bias",
        "head.margin.margin",
    }
    assert {decay for _, decay in found.values()} == {0.0, 5e-4}


def test_groups_when_the_head_has_a_rate_then_no_layer_of_the_backbone_has() -> None:
    found = _told(sgd.Config(head_rate=10.0))
    assert {name for name, (rate, _) in found.items() if rate == 10} == {
        "head.weight",
        "head.margin.margin",
    }
    assert {rate for rate, _ in found.values()} == {1.0, 10.0}


def test_groups_when_layers_decay_then_the_rate_is_a_power_of_the_way_to_the_embedding() -> None:
    found = _told(sgd.Config(layer_decay=0.5, head_rate=3.0))
    assert {name: rate for name, (rate, _) in found.items()} == {
        "backbone.token": 0.5**4,
        "backbone.conv1.weight": 0.5**3,
        "backbone.layer1.0.weight": 0.5**2,
        "backbone.layer1.0.bias": 0.5**2,
        "backbone.layer1.1.weight": 0.5,
        "backbone.fc.weight": 1.0,
        "head.weight": 3.0,
        "head.margin.margin": 3.0,
    }


def test_groups_when_a_method_trains_numbers_then_the_others_keep_their_rates() -> None:
    beside = [("compat.term.boundary_C", nn.Parameter(torch.zeros(3)))]
    settings = sgd.Config(layer_decay=0.5, head_rate=3.0)
    found = [
        {id(p): group["rate"] for group in groups(named, settings) for p in group["params"]}
        for named in (NAMED, NAMED + beside)
    ]
    assert found[1] == found[0] | {id(beside[0][1]): 1.0}


def test_groups_when_layers_are_frozen_then_the_others_keep_their_rates() -> None:
    trained = [(n, p) for n, p in NAMED if n not in ("backbone.token", "backbone.conv1.weight")]
    found = {g["rate"]: len(g["params"]) for g in groups(trained, sgd.Config(layer_decay=0.5))}
    assert found == {0.25: 2, 0.5: 1, 1.0: 3}


def test_counted_when_it_is_plain_sgd_then_as_when_there_was_nothing_else() -> None:
    old = {"lr", "weight_decay", "clip_norm", "momentum", "nesterov"}
    assert sgd.Config().counted().keys() == old
    assert sgd.Config(decay="weights").counted().keys() == old | {"decay"}
    assert sgd.Config(head_rate=2.0).counted().keys() == old | {"head_rate"}
    assert sgd.Config(layer_decay=0.9).counted().keys() == old | {"layer_decay"}
    assert adamw.Config().counted()["name"] == "adamw"
