"""The checks that come with the library, over the library's own margins and negatives."""

from frlib.core import discover
from frlib.testing.heads import Check, margin_checks, negatives_checks, parametrized

HELD_CONSTANT = ("circle", "exp", "sphere"), ("arcneg", "circle", "shrunk")
MARGINS, NEGATIVES = (discover.choices(f"frlib.heads.{kind}") for kind in ("margins", "negatives"))


@parametrized(
    check for name in MARGINS for check in margin_checks(name, held=name in HELD_CONSTANT[0])
)
def test_margin_when_checked_then_holds(check: Check) -> None:
    check()


@parametrized(
    check for name in NEGATIVES for check in negatives_checks(name, held=name in HELD_CONSTANT[1])
)
def test_negatives_when_checked_then_hold(check: Check) -> None:
    check()
