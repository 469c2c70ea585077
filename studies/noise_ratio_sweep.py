"""At which ratio of which noise does each noise-robust head begin to pay, and where does it break?

ArcFace, MV-Arc-Softmax, CurricularFace, Sub-center ArcFace, Unequal NRA, BoundaryF1, BoundaryFace
and a head in the manner of RepFace, at equal scale and margin, over flips of 0 to 50 %, outliers of
10 to 50 %, and BoundaryFace's mixtures C20O20, C10O30 and C30O10: 112 cells, three seeds, default
arms alone, none of which is stopped. `--set search.arms_per_cell=N` searches the margin with TPE;
those arms are halved and raced.

Published: flips of 0, 10 and 20 % and the three mixtures (BoundaryFace README, "Results of
retraining"; ResNet-50 on CASIA-WebFace) for five of the eight heads; there the margin is 0.3 in two
mixtures, and outliers are not aligned (`--set base.noise.open.aligned=false`). Outliers alone are
not published.

Without real faces: 336 runs of 8 epochs, an hour on two CPU cores (see `_runs`). With them: 11
hours (4 minutes a run, as found for `boundary_under_noise`). On GPUs at paper size
(studies/README.md): 1,400 hours, an estimate.

Not run to its end. In a reduced form (12 people, 2 epochs, one seed, three of the ratios) every
head trained, those that correct labels not as far as to that; nothing follows from its numbers.
"""

from frlib.core.space import Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.presets import (
    arcface,
    boundary,
    curricular,
    mv_softmax,
    repface,
    subcenter,
    unequal,
)
from frlib.pruning import racing
from frlib.study.schema import Replicates, Study
from frlib.study.search import Search
from frlib.study.selection import Selection
from studies import _runs

STEPS = (0.1, 0.2, 0.3, 0.4, 0.5)
RATIOS = (
    (0.0, 0.0),
    *((step, 0.0) for step in STEPS),
    *((0.0, step) for step in STEPS),
    (0.2, 0.2),
    (0.1, 0.3),
    (0.3, 0.1),
)
"""Shares of flipped labels and of outliers; the mixtures are BoundaryFace's."""


def heads(faces: str) -> tuple[HeadConfig, ...]:
    """ArcFace and the heads that were made for noise, at equal scale and margin."""
    same, start = _runs.penalty(faces), _runs.first_corrected_epoch(faces)
    return (
        arcface.Config(**same),
        mv_softmax.Config(**same),
        curricular.Config(**same),
        subcenter.Config(**same, loss_k=3),
        unequal.Config(**same),
        boundary.Config(**same, lam=0.0, first_corrected_epoch=start),
        boundary.Config(**same, first_corrected_epoch=start),
        repface.Config(**same, first_corrected_epoch=start // 2),
    )


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    base = _runs.base(faces, with_outliers=True)
    return Study(
        name="noise_ratio_sweep_faces" if faces else "noise_ratio_sweep",
        question=__doc__,
        base=base,
        axes={"head": heads(faces), "noise.closed.ratio+noise.open.ratio": RATIOS},
        space={"head.margin": Uniform(low=0.1, high=0.5)},
        search=Search(arms_per_cell=1),
        pruning=racing.Config(first_epoch=base.select_every),
        replicates=Replicates(seeds=(0, 1, 2)),
        selection=Selection(metric="auc"),
        report=_runs.reported(base),
        table="noise_study",
        published="boundaryface",
    )
