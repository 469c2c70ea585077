"""The cost of the Ray Train layer, where Ray can be had."""

from collections.abc import Callable

from frlib.core.errors import ClusterError
from frlib.rayrun import overhead
from frlib.rayrun.overhead import Overhead as Overhead


def measured(*, say: Callable[[str], None]) -> Overhead | str:
    """As `frlib.rayrun.overhead.measured`, three turns; a reason where there is no cluster."""
    try:
        return overhead.measured(overhead.Pace(), 3, say=say)
    except ClusterError as error:
        return str(error)
