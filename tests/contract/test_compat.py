"""What every method of backward-compatible training keeps, whichever modules there are."""

from types import ModuleType

import pytest
import torch

from frlib.compat import Method
from frlib.compat._term import Term
from frlib.core import discover
from frlib.core.config import with_path
from frlib.core.paper import Paper
from frlib.testing.checks import (
    Check,
    alternatives,
    config_checks,
    described,
    distinct,
    ends,
    import_check,
    name_check,
    parametrized,
)
from tests.unit.compat.sides import ROWS, head_of, run, seen_of, term_of, world

PACKAGE = "frlib.compat"
EVERY = discover.choices(PACKAGE)
NAMES = [name for name in EVERY if name != "none"]
SMALL = {"nccl": {"buffer": 12}}
"""Fields that fit the batches here."""


def _module(name: str) -> ModuleType:
    return discover.load(PACKAGE, name)


def _configs(name: str) -> list[Method]:
    owner = _module(name).Config
    found = [config.model_copy(update=SMALL.get(name, {})) for config in alternatives(owner)]
    if name == "nccl":
        found.append(owner(**SMALL[name], variant="source", clamped=True))
    return distinct(found)


def _checks(name: str) -> list[Check]:
    module = _module(name)
    every = distinct([*_configs(name), *ends(module.Config)])
    checks = [check for config in every for check in config_checks(config)]
    return [*checks, import_check(module), name_check(module, name)]


CASES = [config for name in NAMES for config in _configs(name)]
every_config = pytest.mark.parametrize("config", CASES, ids=described)
every_method = pytest.mark.parametrize("name", NAMES)


@parametrized(check for name in EVERY for check in _checks(name))
def test_config_when_checked_then_holds(check: Check) -> None:
    check()


@every_method
def test_method_when_described_then_paper_space_and_distinct_labels(name: str) -> None:
    module = _module(name)
    assert isinstance(module.PAPER, Paper)
    usual = module.Config()
    assert module.label(usual) == module.PAPER.title
    labels = {module.label(config) for config in alternatives(module.Config)}
    assert len(labels) == len(distinct(alternatives(module.Config)))
    for path, distribution in module.SPACE.items():
        for end in distribution.edges():
            moved = with_path(usual, path, end)
            assert getattr(moved, path) == end
            assert end == getattr(usual, path) or module.label(moved) != module.label(usual)


@every_config
def test_term_when_it_trains_then_finite_scalars_and_gradients(config: Method) -> None:
    found = run(config, world())
    for name, values in found.items():
        assert torch.isfinite(values).all() if values.is_floating_point() else True, name
        if "mixed" not in name and name.split()[0].isdigit():
            assert values.shape in ((), (ROWS, 6)), name
    moved = [
        name for name, values in found.items() if not name.startswith("state") and values.any()
    ]
    assert moved


@every_config
def test_term_when_asked_then_inputs_stay_and_old_rows_get_no_gradient(config: Method) -> None:
    here, head = world(), head_of()
    new_bD, old_bd, labels_b, credible_b = here.batch(0)
    before = [values.clone() for values in (new_bD, old_bd, labels_b, credible_b)]
    weight = head.weight.detach().clone()
    leaf_bD, old_leaf = new_bD.clone().requires_grad_(), old_bd.clone()
    seen = seen_of(leaf_bD, old_leaf, labels_b, head, credible_b=credible_b, epoch=12)
    term = term_of(config, here)
    term.replaced(seen)
    term(seen)
    assert torch.equal(leaf_bD.detach(), before[0]) and torch.equal(old_leaf, before[1])
    assert torch.equal(labels_b, before[2]) and torch.equal(credible_b, before[3])
    assert torch.equal(head.weight, weight) and head.training
    assert not old_leaf.requires_grad


@every_config
def test_term_when_its_state_is_loaded_then_goes_on_the_same(config: Method) -> None:
    here, head = world(), head_of()

    def passed(term: Term, step: int) -> torch.Tensor:
        new_bD, old_bd, labels_b, credible_b = here.batch(step)
        seen = seen_of(new_bD, old_bd, labels_b, head, credible_b=credible_b, step=step, epoch=12)
        values = list(term(seen).values())
        return torch.cat([term.replaced(seen).flatten(), *(v.reshape(1) for v in values)]).detach()

    one = term_of(config, here)
    passed(one, 0)
    other = term_of(config, here)
    other.load_state_dict(one.state_dict())
    assert torch.equal(passed(one, 1), passed(other, 1))


@every_config
def test_term_when_rows_have_no_direction_or_no_old_class_then_finite(config: Method) -> None:
    here, head = world(), head_of()
    for new_bD, old_bd in (
        (torch.zeros(ROWS, 6), torch.zeros(ROWS, 6)),
        (torch.ones(ROWS, 6), torch.ones(ROWS, 6) / 6**0.5),
    ):
        leaf_bD = new_bD.double().requires_grad_()
        labels_b = torch.full((ROWS,), 4)
        seen = seen_of(leaf_bD, old_bd.double(), labels_b, head, epoch=12)
        term = term_of(config, here)
        loss = sum(term(seen).values()) + term.replaced(seen).sum()
        (slope_bD,) = torch.autograd.grad(loss, leaf_bD)
        assert torch.isfinite(loss) and torch.isfinite(slope_bD).all()


@every_method
def test_term_when_weights_are_zero_then_zero_and_the_very_input(name: str) -> None:
    weights = [
        f for f in _module(name).Config.model_fields if "weight" in f or f in ("alpha", "beta")
    ]
    weights = [field for field in weights if field != "mean_weighting"]
    config = _module(name).Config(**dict.fromkeys(weights, 0.0), **SMALL.get(name, {}))
    here, head = world(), head_of()
    new_bD, old_bd, labels_b, credible_b = here.batch(0)
    leaf_bD = new_bD.clone().requires_grad_()
    seen = seen_of(leaf_bD, old_bd, labels_b, head, credible_b=credible_b, epoch=12)
    term = term_of(config, here)
    assert weights and term.replaced(seen) is leaf_bD
    parts = term(seen)
    assert all(value == 0 for value in parts.values())
    if parts:
        (slope_bD,) = torch.autograd.grad(sum(parts.values()), leaf_bD)
        assert not slope_bD.any()
