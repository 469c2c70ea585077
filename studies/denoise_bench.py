"""Which rule finds which wrong labels, what does it break, and what does retraining win back?

Eleven rules on the same draws of noise: BoundaryFace's corrected list, the drop rule of Sub-center
ArcFace, Unequal Training's noise list and the labels that its NR loss mixes in, MixBCT's credible
samples, the groups of a head in the manner of RepFace, confident learning (cleanlab), the highest
losses at the end and in the first epochs, the nearest class by a model that corrected itself, and
the oracle, which reads the truth and is a bound. Each judges a model, trained on the
noisy set with the head that belongs to it; ArcFace is then trained on what is left, from random
weights. Rules that judge the same model share it.

The noise: none; flips of 10, 20 and 40 %; outliers of 20 and 40 %; BoundaryFace's mixtures C20O20,
C10O30 and C30O10; and 20 % flips on a long tail. Published for six of them: what BoundaryFace's
head, which corrects while it trains, reaches on LFW (README, "Results of retraining"; ResNet-50 on
CASIA-WebFace). No published system scores its list, since none knows the truth.

The two rules on losses flag one share of the samples at any noise: 20 %, which is right for some
rows and wrong for others. All rules are at their sources' defaults, and nothing is searched; those
of Unequal Training are for tens of thousands of classes (see `frlib denoise show low_confidence`).

A net of half the usual width at 32 pixels, so that it can be paid for on CPUs: 600 runs and 200
earlier trainings of 10 seconds (procedural faces) or 13 (real ones) of a CPU core each, about an
hour and a quarter, or an hour and a half, on two cores.

Run to its end on both kinds of faces, five seeds. Recovery, mean and half a 95 % interval.
Procedural faces: at 40 % flips the nearest class 0.93 ± 0.10, BoundaryFace's list 0.92 ± 0.14,
groups 0.77 ± 0.21; at 40 % outliers the nearest class 0.76 ± 0.14, groups 0.75 ± 0.07, BoundaryFace
0.49 ± 0.17, confident learning, which counts on labels being swapped, 0.07 ± 0.27; in the mixtures
the nearest class 0.79 to 0.83, groups 0.73 to 0.80, BoundaryFace 0.69 to 0.79. Real faces: at 20 %
flips the nearest class 0.79 ± 0.30, the largest losses 0.63 ± 0.18; at 40 % flips the drop rule of
sub-centres 0.43 ± 0.34, the largest losses 0.24 ± 0.20, and nothing else shown above 0:
BoundaryFace's list finds 3 % there; at 40 % outliers the largest losses 0.52 ± 0.21, confident
learning 0.6 ± 0.4; of C10O30 and C30O10 confident learning 0.68 ± 0.14 and 0.57 ± 0.26, the largest
losses 0.65 ± 0.09 and 0.70 ± 0.13, BoundaryFace -0.03 and 0.12. At 20 % outliers the noise is not
shown to cost real faces anything. Unequal Training's noise list flags next to nothing at its
threshold. The oracle has 0.8 to 1. The leaders are not told apart; which rule leads depends on how
far its model has learned the wrong labels by heart, and `recovery` asks further from there.
"""

from typing import Any

from frlib.denoise import (
    boundary,
    confident_learning,
    credible_centroid,
    early_loss,
    groups,
    label_mix,
    loss_quantile,
    low_confidence,
    nearest_class,
    oracle,
    subcenter_drop,
)
from frlib.heads.presets import arcface, repface, subcenter
from frlib.heads.presets import boundary as boundary_head
from frlib.study.schema import Replicates, Study
from frlib.train.clean import Clean
from studies import _runs

NOISE = (
    (0.0, 0.0, 1.0),
    (0.1, 0.0, 1.0),
    (0.2, 0.0, 1.0),
    (0.4, 0.0, 1.0),
    (0.0, 0.2, 1.0),
    (0.0, 0.4, 1.0),
    (0.2, 0.2, 1.0),
    (0.1, 0.3, 1.0),
    (0.3, 0.1, 1.0),
    (0.2, 0.0, 10.0),
)
"""Flips, outliers, and the largest class over the smallest."""

START = 4
"""First corrected epoch, of 8 (procedural) or 12 (real) passes."""


def rules(faces: str) -> tuple[Clean, ...]:
    """Nobody, and every rule with the head of the model that it judges."""
    same, start = _runs.penalty(faces), _runs.first_corrected_epoch(faces)
    corrected: dict[str, Any] = {"head": boundary_head.Config(**same, first_corrected_epoch=start)}
    centres: dict[str, Any] = {"head": subcenter.Config(**same, loss_k=3)}
    grouped: dict[str, Any] = {"head": repface.Config(**same, first_corrected_epoch=START // 2)}
    return (
        Clean(),
        Clean(rule=boundary.Config(), changes=corrected),
        Clean(rule=subcenter_drop.Config(), changes=centres),
        Clean(rule=low_confidence.Config()),
        Clean(rule=label_mix.Config()),
        Clean(rule=credible_centroid.Config()),
        Clean(rule=groups.Config(), changes=grouped),
        Clean(rule=confident_learning.Config()),
        Clean(rule=loss_quantile.Config()),
        Clean(rule=early_loss.Config(last=START)),
        Clean(rule=nearest_class.Config(), changes=corrected),
        Clean(rule=oracle.Config()),
    )


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    base = _runs.halved(faces, head=arcface.Config(**_runs.penalty(faces)))
    return Study(
        name="denoise_bench_faces" if faces else "denoise_bench",
        question=__doc__,
        base=base,
        axes={
            "clean": rules(faces),
            "noise.closed.ratio+noise.open.ratio+noise.long_tail.imbalance": NOISE,
        },
        pruning="none",
        replicates=Replicates(seeds=(0, 1, 2, 3, 4)),
        report=_runs.reported(base),
        table="denoise_bench",
        published="boundaryface",
    )
