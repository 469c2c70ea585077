"""A plan with its proposals and rules built, as `run` has them before the first trial."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from frlib.core.space import Scalar
from frlib.study.plan import Plan

if TYPE_CHECKING:
    from frlib.rayrun.session import Session as Session


class Unwatched:
    """A watcher that hears everything and does nothing."""

    def began(self, arm: str, cell: Mapping[str, Scalar], params: Mapping[str, Scalar]) -> None:
        """Nothing."""

    def epoch(
        self, arm: str, cell: Mapping[str, Scalar], step: int, value: float, seed: int
    ) -> None:
        """Nothing."""

    def ended(
        self, arm: str, cell: Mapping[str, Scalar], status: str, message: str, value: float
    ) -> None:
        """Nothing."""

    def stopping(self) -> bool:
        """Never."""
        return False


def ready(plan: Plan) -> "Session":
    """Everything is read from the records and the journal is brought up to date; nothing runs."""
    from frlib.rayrun.budget import Spending
    from frlib.rayrun.session import Session
    from frlib.rayrun.verdicts import Verdicts

    watcher = Unwatched()
    verdicts = Verdicts(plan.folder, plan.study.selection.name, watcher)
    session = Session(plan, Spending(plan), verdicts)
    assert session.proposals and session.scheduler, "both are built when they are first asked for"
    return session
