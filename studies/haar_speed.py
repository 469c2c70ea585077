"""Does Moving Haar (MHLR) train in a quarter of the steps at less than one point of accuracy?

Multi-step, polynomial, cosine and MHLR, each at full length and at a quarter of it: without the
others at a quarter and MHLR at full length, what is owed to the rule and what to the length cannot
be told apart. The claim is the MHLR README's (ResNet-50 and 100 on MS1MV3 and WebFace, one GPU);
there are no numbers of other schedules in it.

MHLR's settings are in steps and units of the loss. As released (alpha = beta = 0.001, lam = 5e-5,
for 200,000 steps) its means remember longer than a run of hundreds of steps lasts, and the first
two losses decide whether it cuts at once or never. So all follow from the length T and the scale s
of the logits, by a rule that was fixed before MHLR was run (`moving_haar_for`):

* tau = 0.05, delta = 2 and at most 8 cuts stay;
* alpha = beta = 2 / (tau T): both means remember half as long as a plateau is borne. The source's
  tenth of it does not smooth the loss over few steps; all of it would cut at the start of a run
  whose loss falls twice as fast as is asked for, since the smoothed fall begins near zero;
* lam = 10 / 64 s / T: with s = 64 the loss must fall by 10 over a run at the rate asked for, as
  with the source's lam over its 5 epochs of MS1MV3 at batch 128 (T = 202,000).

The multi-step milestones are CurricularFace's (10, 18, 22 of 24), moved to the run's length. All
have the base rate 0.1 by default. `--set search.arms_per_cell=N` searches it on held-out people for
every schedule, with N arms each; MHLR's lam is searched in the same arms.

With real faces (`--faces DIR` or FRLIB_FACES): 20 and 5 epochs of batch 128 at scale 32. Done once
with the default arms and `--set base.data.size=32`, half an hour on a shared core: with 5 epochs
every schedule lost five to nine points, on average over three seeds, to polynomial decay over 20.
That says nothing for or against MHLR, since this rule hardly cut: never in 20 epochs, one to three
times in 5 (the column `cuts`). In the run that was drawn, a loss that swings with the epochs ended
each plateau early. Search lam before anything is concluded. Seconds were measured beside other
work and say little.

Without: procedural faces, 8 and 2 epochs of batch 64 at scale 16. This form has not been run.
"""

from frlib.backbones import tiny
from frlib.core.config import Config
from frlib.core.space import Uniform
from frlib.heads.presets import arcface
from frlib.optimisers import sgd
from frlib.pruning import none
from frlib.schedules import cosine, moving_haar, multi_step, poly
from frlib.study.schema import Replicates, Study
from frlib.study.search import Search
from frlib.study.selection import Selection
from frlib.train.config import TrainConfig
from studies import _faces, _procedural

TAU = 0.05
FALL = 10 / 64
"""What the loss falls by over a run at MHLR's limit, in units of the logits' scale."""
MILESTONES = (10 / 24, 18 / 24, 22 / 24)
"""Parts of a run."""
PART = 4


def moving_haar_for(steps: int, scale: float) -> moving_haar.Config:
    """MHLR for a run of `steps` optimiser steps with logits of this scale; see the module."""
    weight = 2 / (TAU * steps)
    return moving_haar.Config(alpha=weight, beta=weight, lam=FALL * scale / steps, tau=TAU)


def schedules(epochs: int, steps_per_epoch: int, scale: float) -> tuple[tuple[Config, int], ...]:
    """The four rules for a run of this length, each with the length."""
    rules = (
        multi_step.Config(milestones_epochs=tuple(round(epochs * m, 2) for m in MILESTONES)),
        poly.Config(),
        cosine.Config(),
        moving_haar_for(epochs * steps_per_epoch, scale),
    )
    return tuple((rule, epochs) for rule in rules)


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    data = _faces.faces(faces) if faces else _procedural.faces()
    full, batch_size, scale, margin = (20, 128, 32.0, 0.3) if faces else (8, 64, 16.0, 0.2)
    steps_per_epoch = 30 if faces else 56
    return Study(
        name="haar_speed_faces" if faces else "haar_speed",
        question=__doc__,
        base=TrainConfig(
            data=data,
            backbone=tiny.Config(),
            head=arcface.Config(scale=scale, margin=margin),
            optimiser=sgd.Config(lr=0.1),
            epochs=full,
            batch_size=batch_size,
            select_every=full,
            log_every=5,
        ),
        axes={
            "schedule+epochs": (
                *schedules(full, steps_per_epoch, scale),
                *schedules(full // PART, steps_per_epoch, scale),
            )
        },
        space={
            "optimiser.lr": Uniform(low=0.03, high=0.3, log=True),
            "schedule.lam": Uniform(low=0.001, high=0.1, log=True),
        },
        search=Search(arms_per_cell=1),
        pruning=none.Config(),
        replicates=Replicates(seeds=(0, 1, 2)),
        selection=Selection(metric="auc"),
        report=tuple(f"{one.name}/insightface10/accuracy" for one in data.benchmarks),
        table="haar_speed",
        published="mhlr",
    )
