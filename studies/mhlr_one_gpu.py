"""Moving Haar (MHLR) on one GPU, with all classes and with a tenth of them in a step.

ExpFace and ArcFace with an iresnet on a large set, batch 128, base rate 0.02, 5 epochs: MHLR as
released beside cosine and polynomial decay of the same length, and polynomial decay over 20 epochs,
insightface's length, of which MHLR claims a quarter to be enough (README of the ExpFace repository;
its configs and code where the README says nothing). `head.sample_rate` 0.1 is partial class
sampling on a single GPU, which its authors left as future work.

Nothing of this has been run here: it needs a GPU and sets under licence. Sets are looked for in the
folder that the command is called in: `webface260m/*.zip`, of which 0_*.zip are WebFace4M, and
`pairs/lfw.bin`, `pairs/cfp_fp.bin`, `pairs/agedb_30.bin`. Others:

    --set base.data.train.path=DIR                                  the archives elsewhere
    --set 'base.data.train.subsets=[0,1,2]'                         WebFace12M
    --set 'base.data.train={"name":"recordio","path":"DIR"}'        MS1MV3 or CASIA, train.rec
    --set base.backbone.depth=100                                   the README's larger network
    --set 'replicates.seeds=[0,1,2]'                                intervals, three times the cost

`frlib train plan mhlr_one_gpu --like webface4m --memory 24` for a worker, of 21.8 GiB usable, in
bfloat16: ResNet-50 takes 7.0 GiB with all 205,990 classes and 6.6 with a tenth, ResNet-100 10.2 and
9.8. So here sampling is a question of accuracy and time, not of memory; with webface42m ResNet-100
takes 21.6 and 17.6. Five epochs are 165,435 steps and 21.2 million images; in a day that is 245
images/s.
"""

from frlib.backbones import iresnet
from frlib.data.sources import zip_shards
from frlib.heads.presets import arcface, expface
from frlib.optimisers import sgd
from frlib.pruning import none
from frlib.schedules import cosine, moving_haar, poly
from frlib.study.schema import Replicates, Resources, Study
from frlib.study.selection import Selection
from frlib.train.config import TrainConfig
from studies import _papers


def study() -> Study:
    """Two heads, two shares of the classes, four schedules with their lengths."""
    benchmarks = _papers.packed("lfw", "cfp_fp", "agedb_30")
    return Study(
        name="mhlr_one_gpu",
        question=__doc__,
        base=TrainConfig(
            data=_papers.data(zip_shards.Config(path="webface260m", subsets=(0,)), benchmarks),
            backbone=iresnet.Config(depth=50),
            schedule=moving_haar.Config(),
            optimiser=sgd.Config(lr=0.02),
            epochs=5,
            batch_size=128,
            precision="bfloat16",
        ),
        axes={
            "head": (
                expface.Config(),
                arcface.Config(scale=64.0, fallback="none", margin_grad="detached"),
            ),
            "head.sample_rate": (1.0, 0.1),
            "schedule+epochs": (
                (moving_haar.Config(), 5),
                (cosine.Config(), 5),
                (poly.Config(), 5),
                (poly.Config(), 20),
            ),
        },
        pruning=none.Config(),
        replicates=Replicates(seeds=(0,)),
        selection=Selection(metric="auc"),
        report=tuple(f"{one.name}/insightface10/accuracy" for one in benchmarks),
        table="haar_speed",
        published="mhlr",
        resources=Resources(cpus_per_worker=8.0, gpus_per_worker=1.0),
    )
