"""The jobs of a cluster, for the command line."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frlib.rayrun.jobs import Job as Job
    from frlib.rayrun.jobs import Jobs as Jobs


def at(address: str) -> "Jobs":
    """Those behind a dashboard; `ClusterError` when it does not answer or does not let us in."""
    from frlib.rayrun.jobs import Jobs

    return Jobs(address)
