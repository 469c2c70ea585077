"""What images a set holds, told apart from how it lists them."""

from dataclasses import replace

import numpy as np

from frlib.data.contents import contents
from tests.unit.data.tiny_sets import manifest


def test_contents_when_order_or_people_differ_then_equal_and_with_other_bytes_not() -> None:
    one = manifest(3, 2)
    turned = one.take(np.arange(len(one))[::-1])
    renamed = replace(one, identities=tuple(f"x{name}" for name in one.identities))
    assert contents(turned) == contents(renamed) == contents(one)
    assert len({one.digest, turned.digest, renamed.digest}) == 3
    swapped = one.checksums.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    assert swapped[0] != swapped[1]
    for other in (
        replace(one, checksums=swapped),
        replace(one, colour="BGR"),
        one.take(np.arange(2)),
    ):
        assert contents(other) != contents(one)
