"""Do BoundaryFace's published results under label noise hold when its authors' runs are run again?

The six tables of its README, "Results of retraining": flips of 0, 10 and 20 % and three mixtures
with outliers, five methods, each with the margin that is printed beside it, 31 rows. ResNet-50 on
CASIA-WebFace, 30 epochs of batch 64, rate 0.1 cut to a tenth at epochs 6, 12 and 19 (5, 11 and 18
counted from 0), scale 32; correction begins with the eighth epoch. The table puts what was measured
beside what is printed, with differences.

Outliers are MegaFace's distractors as downloaded, not aligned: with aligned ones its authors saw
training collapse. What differs: one identity in 200 is held out to select on, noise is drawn anew
from a recorded seed, and the network is insightface's IResNet-50.

Nothing of this has been run here: it needs a GPU and sets under licence. Sets are looked for in the
folder that the command is called in: `faces_webface_112x112` (train.rec), `megaface/FlickrFinal2`,
five .bin files of insightface in `pairs/`, and there `lfw/` (aligned images) with
`SLLFW_changed.txt`, `rfw/<Race>/` with `rfw/<Race>_pairs.txt`. `frlib data check` on each says
whether it can be read. `--set 'replicates.seeds=[0,1,2]'` brings intervals.

14.7 million images a run: about 6 GPU hours, 190 for all rows with one seed, at 660 images/s (see
studies/README.md), an estimate.
"""

from frlib.backbones import iresnet
from frlib.data.sources import image_folder, recordio
from frlib.heads.config import HeadConfig
from frlib.heads.presets import arcface, boundary, curricular, mv_softmax
from frlib.optimisers import sgd
from frlib.schedules import multi_step
from frlib.study.schema import Replicates, Resources, Study
from frlib.train.config import TrainConfig
from studies import _papers

SCALE, MARGIN, SMALLER = 32.0, 0.5, 0.3
ALIKE = ((0.0, 0.0), (0.1, 0.0), (0.2, 0.0), (0.3, 0.1))
"""Flips and outliers at which all methods have the usual margin."""
MIXED = ((0.2, 0.2), (0.1, 0.3))
"""Where all but CurricularFace have the smaller one; BoundaryF1 has both at the first."""


def heads() -> tuple[HeadConfig, ...]:
    """The five methods."""
    return (
        arcface.Config(scale=SCALE, margin=MARGIN),
        mv_softmax.Config(scale=SCALE, margin=MARGIN),
        curricular.Config(scale=SCALE, margin=MARGIN),
        boundary.Config(scale=SCALE, margin=MARGIN, lam=0.0),
        boundary.Config(scale=SCALE, margin=MARGIN),
    )


def printed() -> tuple[tuple[float, float, HeadConfig, float], ...]:
    """(flips, outliers, method, margin) of every printed row."""
    arc, mv, curricular_face, f1, face = heads()
    alike = [(*noise, head, MARGIN) for noise in ALIKE for head in heads()]
    mixed = [(*noise, head, SMALLER) for noise in MIXED for head in (arc, mv, f1, face)]
    mixed += [(*noise, curricular_face, MARGIN) for noise in MIXED]
    return (*alike, *mixed, (*MIXED[0], f1, MARGIN))


def study() -> Study:
    """Every printed row is a cell."""
    train = recordio.Config(path="faces_webface_112x112")
    outliers = image_folder.Config(path="megaface/FlickrFinal2", grouped=True)
    benchmarks = _papers.ten()
    return Study(
        name="boundaryface_casia",
        question=__doc__,
        base=TrainConfig(
            data=_papers.data(train, benchmarks, outliers=outliers),
            backbone=iresnet.Config(depth=50),
            schedule=multi_step.Config(milestones_epochs=(5, 11, 18)),
            optimiser=sgd.Config(lr=0.1, nesterov=True, clip_norm=0.0),
            epochs=30,
            batch_size=64,
            precision="bfloat16",
        ),
        axes={"noise.closed.ratio+noise.open.ratio+head+head.margin": printed()},
        pruning="none",
        replicates=Replicates(seeds=(0,)),
        report=tuple(f"{one.name}/boundaryface10/accuracy" for one in benchmarks),
        table="boundaryface",
        published="boundaryface",
        resources=Resources(cpus_per_worker=8.0, gpus_per_worker=1.0),
    )
