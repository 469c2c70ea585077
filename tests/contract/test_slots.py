"""The checks that come with the library, over the library's own choices."""

from frlib.core import discover
from frlib.testing.heads import (
    Check,
    margin_checks,
    negatives_checks,
    parametrized,
    preset_checks,
)

MARGINS, NEGATIVES, PRESETS = (
    discover.choices(f"frlib.heads.{kind}") for kind in ("margins", "negatives", "presets")
)
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
