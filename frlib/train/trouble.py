"""What becomes of a run that met a step with gradients that are not finite: its policy.

Whatever the policy, the step is kept whole (`frlib.train.failure`) for `frlib train replay`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from frlib.core.errors import NumericsError
from frlib.train import failure
from frlib.train.diagnosis import Diagnosis, diagnose
from frlib.train.passes import Piece
from frlib.train.place import Place
from frlib.train.watch import Bad, Fed

if TYPE_CHECKING:
    from frlib.train.begun import Run

MOST_SKIPPED, MOST_BACK, SLOWER = 20, 3, 0.5
_SHOWN, _ROOM = 5, 4096
_ADVICE = "Lower optimiser.lr or the head's scale or margin, or warm up"


class WentBackError(Exception):
    """The run stands at an earlier checkpoint now."""


def meet(run: "Run", bad: Bad, pieces: Callable[[Fed], list[Piece]]) -> None:
    """Record it, then stop (`NumericsError`), go on without it, or go back (`WentBackError`)."""
    state, policy = run.state, run.config.on_nonfinite
    reached, state.progress.step = state.progress.step, bad.step
    found = diagnose(state, run.net, pieces(bad.fed), run.manner, bad.step)
    told = _told(run, bad, found)
    state.progress.step = reached
    run.listener.event("not finite", told)
    if policy == "stop":
        raise NumericsError(f"{told}. {_ADVICE}. Or set on_nonfinite to skip or roll_back")
    if policy == "skip":
        state.progress.skipped += 1
        if state.progress.skipped > MOST_SKIPPED:
            raise NumericsError(f"{told}. {MOST_SKIPPED} steps were left out before. {_ADVICE}")
        return
    _go_back(run, told)
    raise WentBackError


def _told(run: "Run", bad: Bad, found: Diagnosis) -> str:
    group, device = run.place.group, run.place.device
    worker = where_it_began(found, run.place)
    own_ids = "\n".join(str(run.manifest.ids[row]) for row in found.samples[:_SHOWN])
    ids = failure.texts(own_ids, group, device, _ROOM)[worker].splitlines()
    what = failure.texts(str(found), group, device, _ROOM)[worker]
    words = f"step {bad.step} (epoch {run.state.epoch + 1}), worker {worker}: {what}"
    if ids:
        words += f"; images {', '.join(ids)}"
    if run.folder is None:
        return words
    facts = {
        "step": bad.step,
        "seed": run.seed,
        "precision": run.precision,
        "workers": group.size,
        "num_samples": len(run.manifest),
        "steps_per_epoch": run.plan.steps,
        "rate": run.state.progress.rate,
        "images": ids,
    }
    place = failure.write(
        run.folder / "failures", run.config, run.state, bad.fed, found, facts, group
    )
    return f"{words}. Kept for `frlib train replay {place}`"


def where_it_began(found: Diagnosis, place: Place) -> int:
    """The worker whose diagnosis begins earliest in the network; the others may have caught it."""
    after = place.group.all_gather(torch.tensor([found.after], device=place.device)).tolist()
    first: int = after.index(min(after))
    return first


def _go_back(run: "Run", told: str) -> None:
    progress = run.state.progress
    times, rate = progress.rolled_back + 1, progress.rate * SLOWER
    if times > MOST_BACK:
        raise NumericsError(f"{told}. The run went back {MOST_BACK} times before. {_ADVICE}")
    if run.keeper is None or not run.keeper.restore(run.state):
        raise NumericsError(f"{told}. There is no checkpoint to go back to yet. {_ADVICE}")
    state = run.state
    state.progress.rolled_back, state.progress.rate = times, rate
    run.log.go_on(state.progress.deciding, state.flagged)
    run.keeper.save(state, state.at_score)
    run.listener.event(
        "rolled back", f"to step {state.step}; the learning rate is {rate:g} times as set from now"
    )
