"""How many sub-centres does Sub-center ArcFace need, under flipped labels and under outliers?

K of 1 (ArcFace), 2, 3, 5 and 10, without noise, with 20 and 40 % flips, 20 and 40 % outliers, and
20 % of both: 30 cells of 3 arms, three seeds. The margin is searched by TPE. Arms are halved after
a quarter and after half of the first run, then raced over seeds. Sub-centres stay to the end: the
paper's second step, to drop what lies with minor centres and train anew, is left out here.

Published: nothing that is kept here to set beside. The paper (Deng et al., ECCV 2020) trains on
uncurated sets, of whose noise no ratio is known.

Without real faces: at most 270 runs of 8 epochs, three quarters of an hour on two CPU cores if
nothing were stopped (see `_runs`). With them: at most 9 hours (4 minutes a run, as found for
`boundary_under_noise`). On GPUs at paper size (studies/README.md): at most 1,100 hours, an
estimate.

Not run to its end. In a reduced form (12 people, 2 epochs, two seeds, 40 % outliers, two arms a
cell) every K trained; nothing follows from its numbers.
"""

from frlib.core.space import Uniform
from frlib.heads.presets import subcenter
from frlib.pruning import racing
from frlib.study.schema import Replicates, Study
from frlib.study.search import Search
from frlib.study.selection import Selection
from studies import _runs

CENTRES = (1, 2, 3, 5, 10)
RATIOS = ((0.0, 0.0), (0.2, 0.0), (0.4, 0.0), (0.0, 0.2), (0.0, 0.4), (0.2, 0.2))
"""Shares of flipped labels and of outliers."""


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    base = _runs.base(
        faces, with_outliers=True, head=subcenter.Config(**_runs.penalty(faces), loss_k=1)
    )
    return Study(
        name="subcenter_k_faces" if faces else "subcenter_k",
        question=__doc__,
        base=base,
        axes={"noise.closed.ratio+noise.open.ratio": RATIOS, "head.loss_k": CENTRES},
        space={"head.margin": Uniform(low=0.1, high=0.5)},
        search=Search(arms_per_cell=3),
        pruning=racing.Config(first_epoch=base.select_every),
        replicates=Replicates(seeds=(0, 1, 2)),
        selection=Selection(metric="auc"),
        report=_runs.reported(base),
    )
