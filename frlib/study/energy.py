"""Energy that complete runs of a study took, where their machines could tell."""

from itertools import islice
from statistics import mean

from frlib.records import layout, ledger
from frlib.study.plan import Plan

JOULES = "cost/joules"
_ENOUGH = 50


def joules_per_run(plan: Plan) -> float | None:
    """Mean over the first complete runs on record that have it; None where none has.

    Counters are of whole machines, so runs beside each other count each other's energy as well.
    """
    found = (
        joules
        for one in plan.cells
        for arm, entry in one.entries.items()
        for joules in ledger.finals(
            layout.arm_folder(plan.folder, arm), JOULES, entry.complete_seeds[:1]
        ).values()
    )
    some = list(islice(found, _ENOUGH))
    return mean(some) if some else None
