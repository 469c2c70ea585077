"""Which weight of BoundaryFace's gap, by noise and classes; and do its floor or a memory matter?

The authors leave open how λ is to be chosen (BoundaryFace README, to-do). Here it is 0
(BoundaryF1), 0.5, 1, π (published) and 2π, at label flips of 10, 30 and 50 %, for 20, 40 and 80
people with 2,400 images in all, so that only the number of classes differs, and with it the images
of each. Two more questions are asked beside: cosines not floored at 0, in flag and gap (λ = π); and
whether the list of corrected samples is better when several epochs are heard. For that ArcFace is
trained anew, from random weights, on what the list of λ = π leaves: of the last epoch alone, or of
all epochs that correct, six at most, where half of them agree. All correct from the same epoch on.

72 cells, three seeds: 216 runs, and 27 models whose lists are taken. Without real faces a training
took 12 to 14 seconds of a CPU core (process time of seven whole ones): half an hour on two cores,
40 minutes with starts and records. With real faces, where people with at least 5, 10 and 20 images
are trained on (262, 104 and 45 of them, and not as many images in all): at most 8 hours (4 minutes
a run, as found for `boundary_under_noise`). At paper size (studies/README.md): 970 GPU hours, an
estimate.

The rate without real faces is 0.03. It was first found by looking at the benchmark, in some twenty
single runs, and is what held-out people choose as well: with λ = 0 and half of the labels flipped,
one seed, their AUC among 20 and among 80 people is 0.57 and 0.55 at a rate of 0.1, as in other
studies, where nothing is learned; 0.88 and 0.96 at 0.05; 0.93 and 0.98 at 0.03; 0.90 and 0.95 at
0.01.

Published: λ of 0 and π at one number of classes (README, "Results of retraining"), and no other.

Run on procedural faces with two of its seeds, all 144 runs: no weight, neither without the floor
nor with a memory, is shown to differ from λ = π or from the last epoch's list in any of the nine
cases (Holm-corrected p at least 0.14); means of the five weights lie within 1.3 points of each
other. BoundaryF1 corrects as well: 89 to 98 % of the flips are found everywhere, 96 to 100 % of
what is flagged is flipped. A memory over epochs finds one or two points more. On faces as easy as
these no choice of λ matters enough for two seeds to see it; on others this says nothing.
"""

import math
from typing import Any

from frlib.denoise import boundary as boundary_list
from frlib.heads.presets import arcface
from frlib.heads.presets import boundary as boundary_head
from frlib.optimisers import sgd
from frlib.study.schema import Replicates, Study
from frlib.train.clean import Clean
from studies import _runs

PROCEDURAL_RATE = 0.03
WEIGHTS = (0.0, 0.5, 1.0, math.pi, 2 * math.pi)
"""Of the gap; 0 is BoundaryF1, pi is published."""
PEOPLE = ((25, 120), (50, 60), (100, 30))
"""Procedural people, and pictures of each; a fifth of the people is held out to select on."""
FEWEST_IMAGES = (5, 10, 20)
"""Real people with as many images train: 262, 104 and 45 of them."""
MOST_HEARD = 6
"""Epochs."""


def methods(faces: str) -> tuple[tuple[Any, Clean], ...]:
    """Heads that correct, and ArcFace on what their list leaves, of one epoch and of several."""
    same, start = _runs.penalty(faces), _runs.first_corrected_epoch(faces)
    corrected = _runs.base(faces).epochs - start
    published = boundary_head.Config(**same, first_corrected_epoch=start)
    heads = [published.model_copy(update={"lam": lam}) for lam in WEIGHTS]
    heads.append(published.model_copy(update={"floor_zero": False}))
    lists = [
        Clean(rule=boundary_list.Config(memory=memory), changes={"head": published})
        for memory in (1, min(MOST_HEARD, corrected))
    ]
    return (
        *((head, Clean()) for head in heads),
        *((arcface.Config(**same), one) for one in lists),
    )


def classes(faces: str) -> dict[str, tuple[Any, ...]]:
    """The axis that varies their number."""
    if faces:
        return {"data.min_images": FEWEST_IMAGES}
    return {"data.train.identities+data.train.images": PEOPLE}


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    rate: dict[str, Any] = (
        {} if faces else {"optimiser": sgd.Config(lr=PROCEDURAL_RATE, nesterov=True)}
    )
    base = _runs.base(faces, **rate)
    return Study(
        name="boundary_lambda_faces" if faces else "boundary_lambda",
        question=__doc__,
        base=base,
        axes={
            **classes(faces),
            "noise.closed.ratio": (0.1, 0.3, 0.5),
            "head+clean": methods(faces),
        },
        pruning="none",
        replicates=Replicates(seeds=(0, 1, 2)),
        report=_runs.reported(base),
        table="boundary_lambda",
    )
