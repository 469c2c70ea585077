"""With how many sub-centres, and beyond which angle, is best dropped before ArcFace is trained?

Sub-center ArcFace whole: a first training with K centres a class; per class the centre with most
votes; what lies as far from it as the angle or further is dropped; ArcFace is trained on the rest,
from random weights. K of 1, 3 and 5 in the first training, angles of 65 to 85 degrees, and 180,
which drops nothing. Under 40 % flips, 40 % outliers, and 20 % of both. Angles of one K share their
first training and its embeddings.

`subcenter_k` asks what sub-centres do in the model that is used. Published: nothing that is kept
here to set beside. The paper (Deng et al., ECCV 2020, K = 3 and 75 degrees) trains on uncurated
sets, of whose noise no ratio is known.

At 32 pixels with a net of half the usual width: 144 runs and 27 first trainings of 10 seconds
(procedural faces) or 13 (real ones) of a CPU core each, a quarter of an hour on two cores, or 20
minutes.
"""

from frlib.denoise import subcenter_drop
from frlib.heads.presets import subcenter
from frlib.study.schema import Replicates, Study
from frlib.train.clean import Clean
from studies import _runs

CENTRES = (1, 3, 5)
ANGLES = (65.0, 70.0, 75.0, 80.0, 85.0)
"""Degrees."""
NOTHING = 180.0
RATIOS = ((0.4, 0.0), (0.0, 0.4), (0.2, 0.2))
"""Shares of flipped labels and of outliers."""


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    base = _runs.halved(
        faces,
        head=subcenter.Config(**_runs.penalty(faces), loss_k=1),
        clean=Clean(rule=subcenter_drop.Config(drop_angle_deg=NOTHING)),
    )
    drops = tuple((centres, angle) for centres in CENTRES for angle in ANGLES)
    return Study(
        name="subcenter_drop_faces" if faces else "subcenter_drop",
        question=__doc__,
        base=base,
        axes={
            "noise.closed.ratio+noise.open.ratio": RATIOS,
            "clean.changes.head.loss_k+clean.rule.drop_angle_deg": ((1, NOTHING), *drops),
        },
        pruning="none",
        replicates=Replicates(seeds=(0, 1, 2)),
        report=_runs.reported(base),
        table="subcenter",
    )
