"""The checks that come with the library find what is wrong, and only that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal

import pytest
import torch
from torch import Tensor

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.core.space import Uniform
from frlib.heads.batch import Batch
from frlib.heads.columns import Columns
from frlib.heads.config import HeadConfig
from frlib.heads.presets import arcface
from frlib.heads.slots import Margin, Margined, Negatives, Number, Slots
from frlib.testing.checks import Check
from frlib.testing.heads import margin_checks, negatives_checks, preset_checks

SLOW = ("imports", "trains_finite", "evaluates", "crosses", "reshards")


class Square(Margin):
    """c − m·((1 + c)/2)²: nothing wrong with it."""

    name: Literal["square"] = "square"
    margin: float = setting(0.5, ge=0, le=1, doc="margin m")

    @property
    def rises(self) -> bool:
        return True

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        value = cos - self.margin * ((1 + cos) / 2).square()
        return Margined(value, value)


class Steep(Square):
    """The angle without care for ±1."""

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        value = (cos.acos() + self.margin).cos()
        return Margined(value, value)


class WideType(Square):
    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        value = cos.double() - self.margin
        return Margined(value, value)


class Turning(Square):
    """phi, which turns near −1, in spite of what it says."""

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        from frlib.heads._angle import phi

        value = phi(cos, self.margin)
        return Margined(value, value)


class Hollow(Square):
    """Falls from 0.3 to 0 where c passes 0.3, in spite of what it says."""

    @property
    def rises(self) -> bool:
        return False

    @property
    def rises_where_positive(self) -> bool:
        return True

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        value = torch.where(cos > 0.3, cos - 0.3, cos)
        return Margined(value, value)


class Half(Square):
    """Part of the value is held constant."""

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        value = cos * (3 + cos.detach()) / 4
        return Margined(value, value)


class Detached(Square):
    """Slope 1, as declared, and 2 if `twice`."""

    margin_grad: Literal["detached"] = setting("detached", doc="slope 1")
    twice: ClassVar[bool] = False

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        value = (1 + self.twice) * (cos - cos.detach()) + cos.detach() - self.margin
        return Margined(value, value)


class Twice(Detached):
    twice: ClassVar[bool] = True


class Growing(Square):
    """An amount for every sample, by its length."""

    def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor | None:
        return 0.3 * (batch.norms_B / 100).clamp(max=1)

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        assert amounts is not None
        value = cos - amounts
        return Margined(value, value)


class Narrow(Growing):
    """Its amounts meet rows of cosines, not columns."""

    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        assert amounts is not None
        value = cos - amounts.flatten()[: cos.shape[-1]].expand_as(cos)
        return Margined(value, value)


class Tall(Growing):
    """Amounts of shape `[B, 1]`."""

    def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor | None:
        return 0.3 * batch.norms_B[:, None].clamp(max=1)


class InPlace(Square):
    def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
        with torch.no_grad():
            cos.mul_(0.9)
        return Margined(cos, cos)


class Local(Growing):
    """An amount for every worker's own classes: workers disagree."""

    def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor | None:
        return torch.full_like(own_B, 0.01 * batch.shard.count)


class Restless(Growing):
    """Moves its number in evaluation too."""

    def state(self, num_classes: int) -> Mapping[str, Number]:
        return {"seen": Number(0.0)}

    def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor | None:
        state.seen += 1
        return torch.zeros_like(own_B)


class Forgetful(Growing):
    """Keeps a number where no checkpoint finds it."""

    hidden: ClassVar[dict[int, float]] = {}

    def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor | None:
        key = batch.shard.group.rank
        self.hidden[key] = self.hidden.get(key, 0.0) + 0.01
        return torch.full_like(own_B, self.hidden[key])


class Silent(Square):
    """A field without a description."""

    extra: float = 0.0


class Dull(Negatives):
    """c² where c > t, of which nothing is wrong."""

    name: Literal["dull"] = "dull"
    least: float = setting(0.2, ge=0, le=1, doc="least cosine")

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        return cos_bC.square().where(cos_bC.detach() > self.least, cos_bC)


class WrongSlope(Dull):
    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        return self.bend(cos_bC), torch.ones_like(cos_bC)


class WrongValue(Dull):
    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        value_bC, slope_bC = super().bent(cos_bC, *rows)
        return value_bC + 0.01, slope_bC


class NotPlain(Dull):
    is_plain: ClassVar[bool] = True


class Held(Dull):
    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        return cos_bC * cos_bC.detach()


class Centred(Dull):
    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        return cos_bC - cos_bC.detach().mean(1, keepdim=True)


class Rooted(Dull):
    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        return cos_bC - 0.1 * (1 - cos_bC.square()).sqrt()


class Wiping(Dull):
    def bent(self, cos_bC: Tensor, *rows: Tensor) -> tuple[Tensor, Tensor]:
        value_bC, slope_bC = super().bent(cos_bC, *rows)
        return cos_bC.copy_(value_bC), slope_bC


class Tilted(Dull):
    """A constant for every class."""

    def rows(
        self,
        columns: Columns,
        labels_B: Tensor,
        own_B: Tensor,
        margined: Margined,
        batch: Batch,
        state: Any,
    ) -> tuple[Tensor, ...]:
        return (torch.zeros(len(own_B), 2, dtype=own_B.dtype),)

    def bend(self, cos_bC: Tensor, *rows: Tensor) -> Tensor:
        return cos_bC


def _module(owner: type) -> ModuleType:
    module = ModuleType(f"outside.{owner.__name__.lower()}")
    module.Config = owner  # type: ignore[attr-defined]
    return module


def _failed(checks: list[Check], skip: tuple[str, ...] = ()) -> set[str]:
    found = set()
    for check in checks:
        if check.name not in ("imports", *skip):
            try:
                check()
            except (AssertionError, RuntimeError):
                found.add(check.name)
    return found


@pytest.mark.parametrize(
    ("owner", "wanted"),
    [
        (Steep, "finite"),
        (WideType, "finite"),
        (Turning, "rises"),
        (Hollow, "rises"),
        (Half, "slope"),
        (Twice, "slope"),
        (Narrow, "shapes"),
        (Tall, "shapes"),
        (InPlace, "shapes"),
        (Silent, "fields"),
    ],
)
def test_margin_checks_when_something_is_wrong_then_the_one_that_names_it_fails(
    owner: type[Margin], wanted: str
) -> None:
    assert wanted in _failed(margin_checks(_module(owner)), skip=SLOW)


@pytest.mark.parametrize(
    ("owner", "wanted"),
    [
        (Local, "crosses"),
        (Restless, "evaluates"),
        (Forgetful, "reshards"),
        (Steep, "trains_finite"),
    ],
)
def test_margin_checks_when_a_head_would_train_wrong_then_the_one_that_names_it_fails(
    owner: type[Margin], wanted: str
) -> None:
    checks = [check for check in margin_checks(_module(owner)) if check.name == wanted]
    assert _failed(checks) == {wanted}


@pytest.mark.parametrize("owner", [Square, Growing, Detached])
def test_margin_checks_when_nothing_is_wrong_then_all_pass(owner: type[Margin]) -> None:
    assert _failed(margin_checks(_module(owner))) == set()


def test_margin_checks_when_part_is_held_on_purpose_then_slope_is_not_compared() -> None:
    assert _failed(margin_checks(_module(Half), held=True), skip=SLOW) == set()


@pytest.mark.parametrize(
    ("owner", "wanted"),
    [
        (WrongSlope, "bent"),
        (WrongValue, "bent"),
        (NotPlain, "bent"),
        (Wiping, "bent"),
        (Held, "slope"),
        (Centred, "elementwise"),
        (Rooted, "finite"),
        (Tilted, "finite"),
    ],
)
def test_negatives_checks_when_something_is_wrong_then_the_one_that_names_it_fails(
    owner: type[Negatives], wanted: str
) -> None:
    assert wanted in _failed(negatives_checks(_module(owner)), skip=SLOW)


def test_negatives_checks_when_nothing_is_wrong_then_all_pass() -> None:
    assert _failed(negatives_checks(_module(Dull))) == set()
    assert _failed(negatives_checks(_module(Held), held=True), skip=SLOW) == set()


def test_negatives_checks_when_slope_is_wrong_then_forms_differ() -> None:
    checks = [c for c in negatives_checks(_module(WrongSlope)) if c.name == "crosses"]
    assert _failed(checks) == {"crosses"}


class Preset(HeadConfig):
    """ArcFace under another name."""

    name: Literal["outside"] = "outside"
    margin: float = setting(0.5, ge=0, le=1, doc="margin m")


def _preset(**changes: Any) -> ModuleType:
    def compose(config: Preset) -> Slots:
        return arcface.compose(arcface.Config(margin=config.margin))

    parts = {
        "__doc__": "ArcFace.",
        "Config": Preset,
        "PAPER": Paper(key="none", title="Outside", where="nowhere"),
        "SPACE": {"margin": Uniform(low=0.1, high=0.9)},
        "label": lambda config: "Outside",
        "compose": compose,
    }
    module = ModuleType("outside.preset")
    vars(module).update(parts | changes)
    return module


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, set()),
        ({"PAPER": None}, {"page"}),
        ({"label": lambda config: "Another"}, {"page"}),
        ({"__doc__": ""}, {"page"}),
    ],
)
def test_preset_checks_when_its_page_is_wrong_then_that_one_fails(
    changes: dict[str, Any], wanted: set[str]
) -> None:
    assert _failed(preset_checks(_preset(**changes)), skip=() if not changes else SLOW) == wanted


def test_preset_checks_when_a_slot_depends_on_the_worker_then_crosses_fails() -> None:
    def compose(config: Preset) -> Slots:
        return replace(arcface.compose(arcface.Config()), margin=Local())

    checks = [c for c in preset_checks(_preset(compose=compose)) if c.name == "crosses"]
    assert _failed(checks) == {"crosses"}


def test_checks_when_listed_then_cover_options_ends_and_variants() -> None:
    names = [str(check) for check in margin_checks("arc", {"margin": 0.3, "fallback": "easy"})]
    assert len(set(names)) == len(names)
    for wanted in (
        "arc-imports",
        "arc-name",
        "arc-crosses",
        "arc[fallback=none]-crosses",
        "arc[margin_grad=detached]-slope",
        "arc[margin=0.0]-rises",
        "arc[margin=1.5]-finite",
        "arc[margin=0.3,fallback=easy]-shapes",
    ):
        assert wanted in names
    assert "arc[margin=1.5]-crosses" not in names


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import torch", "torch was imported"),
        ("import no_such_module_there", "No module named 'no_such_module_there'"),
        ("", None),
    ],
)
def test_imports_when_torch_comes_with_the_choice_then_fails(
    body: str, message: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{body}\nfrom frlib.core.config import Config as Base\nclass Config(Base): pass\n"
    (tmp_path / "imported_choice.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    from frlib.testing.checks import import_check

    module = ModuleType("imported_choice")
    if message is None:
        import_check(module)()
    else:
        with pytest.raises(AssertionError, match=message):
            import_check(module)()


def test_name_when_found_under_another_then_fails() -> None:
    from frlib.testing.checks import name_check

    with pytest.raises(AssertionError, match="found as 'round', but its config is named 'square'"):
        name_check(_module(Square), "round")()


def test_messages_when_checks_fail_then_say_where() -> None:
    def message(owner: type[Margin], name: str) -> str:
        check = next(c for c in margin_checks(_module(owner)) if c.name == name)
        with pytest.raises(AssertionError) as error:
            check()
        return str(error.value)

    assert "nan at cosine 1.000000" in message(Steep, "finite")
    assert "rises: not true. From -0.877582562 at cosine -1 the" in message(Turning, "rises")
    assert "rises_where_positive: not true. From 0.3 at cosine 0.3" in message(Hollow, "rises")
    assert "by differences of values, at cosine" in message(Half, "slope")
    assert "amounts [16, 1], expected [B]" in message(Tall, "shapes")
    assert "losses of step 0, worker 1 against the first" in message(Local, "crosses")


def test_testing_when_imported_then_needs_no_pytest() -> None:
    import subprocess
    import sys

    code = "import sys, frlib.testing.heads; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
