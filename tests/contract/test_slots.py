"""The checks that come with the library, over the library's own choices."""

import pytest
import torch

from frlib.core import discover
from frlib.core.config import digest, to_dict
from frlib.testing.heads import (
    Check,
    margin_checks,
    negatives_checks,
    parametrized,
    preset_checks,
)
from frlib.testing.workers import together
from tests.distributed.crossing import Crossing, joined, train

MARGINS, NEGATIVES, PRESETS = (
    discover.choices(f"frlib.heads.{kind}") for kind in ("margins", "negatives", "presets")
)
OTHERS = {"scaling": "scales", "similarity": "similarity", "relabel": "relabel"}
OTHERS |= {"objective": "objectives", "terms": "terms"}
HELD_MARGINS = ("circle", "exp", "sphere")
HELD_NEGATIVES = ("arcneg", "circle", "shrunk")


@parametrized(check for name in MARGINS for check in margin_checks(name, held=name in HELD_MARGINS))
def test_margin_when_checked_then_holds(check: Check) -> None:
    check()


@parametrized(
    check for name in NEGATIVES for check in negatives_checks(name, held=name in HELD_NEGATIVES)
)
def test_negatives_when_checked_then_hold(check: Check) -> None:
    check()


@parametrized(check for name in PRESETS for check in preset_checks(name))
def test_preset_when_checked_then_holds(check: Check) -> None:
    check()


@pytest.mark.parametrize(
    ("slot", "name"),
    [(s, n) for s, kind in OTHERS.items() for n in discover.choices(f"frlib.heads.{kind}")],
)
def test_other_slot_when_in_a_head_then_finite_and_equal_however_it_is_computed(
    slot: str, name: str
) -> None:
    chosen = {slot: [{"name": name}] if slot == "terms" else {"name": name}}
    if name == "margin_reward":
        chosen["margin"] = {"name": "learned"}
    if name == "dot":
        chosen["margin"] = {"name": "cos"}
    module = discover.load(f"frlib.heads.{OTHERS[slot]}", name)
    config = module.Config()
    assert config.name == name
    assert digest(module.Config.parse(to_dict(config))) == digest(config)
    for batch in ("random", "poles", "one"):
        case = Crossing(chosen, batch, 3)
        whole = train(case, form="reference")
        assert all(v.isfinite().all() for v in whole.values() if v.is_floating_point())
        split = joined(together(2, lambda group, case=case: train(case, group)))
        for key, value in whole.items():
            torch.testing.assert_close(split[key], value, rtol=1e-6, atol=1e-9, msg=key)
