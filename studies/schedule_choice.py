"""Which learning-rate schedule for which length of a run, each at its own best rate?

Constant, linear, cosine, polynomial, one cycle, step, multi-step and MHLR at full, half and quarter
length: 24 cells of 4 arms, three seeds. The base rate is searched by TPE in every cell, with the
polynomial's power (1 by default, which is the linear rule) and MHLR's lambda. Arms are raced over
seeds, with no rungs inside a run: rules that fall late look worse before they do. Periods,
milestones and MHLR's settings are scaled to the length (`haar_speed`); one cycle ends near zero.

Published: MHLR's own accuracy (MHLR README); no other schedule, so nothing to compare with there.

Without real faces: at most 288 runs of 8, 4 or 2 epochs, half an hour on two CPU cores if nothing
were stopped (see `_runs`). With them, 20, 10 or 5 epochs: at most 6 hours (4 minutes a run of 20,
as found for `boundary_under_noise`). On GPUs at paper size (studies/README.md): at most 690 hours,
an estimate.

Not run to its end. In a reduced form (12 people, 2 epochs, two seeds, two arms a cell) every
schedule trained; nothing follows from its numbers.
"""

from frlib.core.config import Config
from frlib.core.space import Uniform
from frlib.heads.presets import arcface
from frlib.pruning import racing
from frlib.schedules import constant, linear, one_cycle, step
from frlib.study.schema import Replicates, Study
from frlib.study.search import Search
from frlib.study.selection import Selection
from studies import _runs, haar_speed


def schedules(epochs: int, steps_per_epoch: int, scale: float) -> tuple[tuple[Config, int], ...]:
    """Eight rules for a run of this length, each with the length."""
    rules = (
        constant.Config(),
        linear.Config(),
        one_cycle.Config(),
        step.Config(every_epochs=round(epochs / 3, 2)),
    )
    own = tuple((rule, epochs) for rule in rules)
    return (*own, *haar_speed.schedules(epochs, steps_per_epoch, scale))


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    same = _runs.penalty(faces)
    base = _runs.base(faces, head=arcface.Config(**same), log_every=5)
    lengths = (base.epochs, base.epochs // 2, base.epochs // 4)
    steps = _runs.steps_per_epoch(faces)
    return Study(
        name="schedule_choice_faces" if faces else "schedule_choice",
        question=__doc__,
        base=base,
        axes={
            "schedule+epochs": tuple(
                one for length in lengths for one in schedules(length, steps, same["scale"])
            )
        },
        space={
            "optimiser.lr": Uniform(low=0.01, high=0.4, log=True),
            "schedule.power": Uniform(low=1.0, high=3.0),
            "schedule.lam": Uniform(low=0.001, high=0.1, log=True),
        },
        search=Search(arms_per_cell=4),
        pruning=racing.Config(),
        replicates=Replicates(seeds=(0, 1, 2)),
        selection=Selection(metric="auc"),
        report=_runs.reported(base),
        table="haar_speed",
        published="mhlr",
    )
