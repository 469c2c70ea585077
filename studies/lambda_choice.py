"""How much weight should BoundaryFace's gap have, and when should labels be corrected first?

BoundaryFace with lambda 0 (BoundaryF1, the reference), 0.3, 1, pi and 10, and ArcFace, at label
flips of 0, 20 and 40 %: 18 cells, three seeds. The start of the correction is searched in all but
ArcFace's: by a grid of four besides the default, 5 arms a cell. Arms are raced over seeds, with no
rungs inside a run: until its first correction an arm is its neighbour, and would be judged as such.

Published: lambda 0 and pi at 0, 10 and 20 % flips, with one start of the correction (BoundaryFace
README, "Results of retraining"; ResNet-50 on CASIA-WebFace). No other lambda is published.

Without real faces: at most 234 runs of 8 epochs, 40 minutes on two CPU cores if nothing were
stopped (see `_runs`). With them: at most 8 hours (4 minutes a run, as found for
`boundary_under_noise`). On GPUs at paper size (studies/README.md): at most 960 hours, an estimate.

Not run to its end. In a reduced form (12 people, 2 epochs, two seeds, 40 % flips, two arms a cell)
every head trained and corrections were recorded; nothing follows from its numbers.
"""

import math

from frlib.core.space import IntUniform
from frlib.heads.config import HeadConfig
from frlib.heads.presets import arcface, boundary
from frlib.pruning import racing
from frlib.samplers import grid
from frlib.study.schema import Replicates, Study
from frlib.study.search import Search
from frlib.study.selection import Selection
from studies import _runs

WEIGHTS = (0.0, 0.3, 1.0, math.pi, 10.0)
"""Of the gap, about half a decade apart around the published pi; 0 is BoundaryF1."""


def heads(faces: str) -> tuple[HeadConfig, ...]:
    """ArcFace, which corrects nothing, and a BoundaryFace for every weight."""
    same, start = _runs.penalty(faces), _runs.first_corrected_epoch(faces)
    corrected = (boundary.Config(**same, lam=lam, first_corrected_epoch=start) for lam in WEIGHTS)
    return (arcface.Config(**same), *corrected)


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    base = _runs.base(faces)
    return Study(
        name="lambda_choice_faces" if faces else "lambda_choice",
        question=__doc__,
        base=base,
        axes={"head": heads(faces), "noise.closed.ratio": (0.0, 0.2, 0.4)},
        space={
            "head.first_corrected_epoch": IntUniform(low=1, high=13 if faces else 7),
        },
        search=Search(arms_per_cell=5, sampler=grid.Config(points=4)),
        pruning=racing.Config(),
        replicates=Replicates(seeds=(0, 1, 2)),
        selection=Selection(metric="auc"),
        report=_runs.reported(base),
        table="noise_study",
        published="boundaryface",
    )
