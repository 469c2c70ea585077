"""Which margin suits which amount of label noise?

The margins of ArcFace, CosFace, the combined margin, ExpFace, ElasticFace and AdaFace, each
searched on held-out people, at closed-set noise of 0, 20 and 40 %: 18 cells of 5 arms, three seeds.
TPE proposes. Arms are halved after a quarter and after half of the first run, then raced over
seeds.

Each head has a range of its own, from hardly any margin to about what its paper uses at full scale
(ExpFace's exponent the other way round). CosFace's and the second margin of the combined one are
cosines.

Published: ArcFace alone, at margin 0.5 and 0, 10 and 20 % flips (BoundaryFace README, "Results of
retraining"). It has 0.3 in two of its mixtures with outliers; under flips alone no margin was
varied there, so the study asks more than the table answers.

Without real faces: at most 270 runs of 8 epochs, three quarters of an hour on two CPU cores if
nothing were stopped (see `_runs`). With them: at most 9 hours (4 minutes a run, as found for
`boundary_under_noise`). On GPUs at paper size (studies/README.md): at most 1,100 hours, an
estimate.

Not run to its end. In a reduced form (12 people, 2 epochs, two seeds, two arms in each of 12 cells)
every head trained; nothing follows from its numbers.
"""

from frlib.core.space import Uniform
from frlib.heads.config import HeadConfig
from frlib.heads.presets import adaface, arcface, combined, cosface, elastic, expface
from frlib.pruning import racing
from frlib.study.schema import Replicates, Study
from frlib.study.search import Search
from frlib.study.selection import Selection
from studies import _runs


def heads(faces: str) -> tuple[HeadConfig, ...]:
    """Six margins, each where the search begins: mild ones of about the same size."""
    same = _runs.penalty(faces)
    scale, half = same["scale"], same["margin"] / 2
    return (
        arcface.Config(**same),
        cosface.Config(**same),
        combined.Config(scale=scale, margin=half, cos_margin=half),
        expface.Config(scale=scale, margin=0.85),
        elastic.Config(**same),
        adaface.Config(**same),
    )


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    base = _runs.base(faces)
    return Study(
        name="margin_choice_faces" if faces else "margin_choice",
        question=__doc__,
        base=base,
        axes={"head": heads(faces), "noise.closed.ratio": (0.0, 0.2, 0.4)},
        space={
            "head=cosface.margin": Uniform(low=0.05, high=0.4),
            "head=combined.margin": Uniform(low=0.05, high=0.4),
            "head.cos_margin": Uniform(low=0.05, high=0.3),
            "head=expface.margin": Uniform(low=0.6, high=0.95),
            "head.margin": Uniform(low=0.1, high=0.6),
        },
        search=Search(arms_per_cell=5),
        pruning=racing.Config(first_epoch=base.select_every),
        replicates=Replicates(seeds=(0, 1, 2)),
        selection=Selection(metric="auc"),
        report=_runs.reported(base),
        table="noise_study",
        published="boundaryface",
    )
