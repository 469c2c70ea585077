"""Checks for packages that add choices to the library, as its own choices pass them.

from frlib.testing.heads import margin_checks, parametrized

@parametrized(margin_checks("square"))
def test_square_when_checked_then_holds(check):
    check()
"""
