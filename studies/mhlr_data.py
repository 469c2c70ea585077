"""What does MHLR's published recipe reach on larger and larger parts of WebFace, and at which cost?

ExpFace with the moving Haar schedule as released: 5 epochs on one GPU, batch 128, base rate 0.02,
on WebFace4M, 8M and 12M with ResNet-100, and on 12M with ResNet-50, the rows of its README; and the
same with polynomial decay, so that the schedule's own part is seen. The table puts printed numbers
beside measured ones, and images seen against accuracy. `mhlr_one_gpu` asks for schedules and
lengths on the smallest of them.

MS1MV3, printed as well, is a set of another kind, a study of its own; the table knows it by the
name of the folder:

    --set name=mhlr_ms1mv3 --set 'base.data.train={"name":"recordio","path":"DIR/ms1mv3"}'
    --set 'axes={"schedule":["moving_haar","poly"],"backbone.depth":[100]}'

IJB-B and IJB-C are measured afterwards, of the stored models (`frlib eval run`), and their places
in the table say so.

Nothing of this has been run here: it needs a GPU of 24 GB and sets under licence. Archives are
looked for in the folder that the command is called in, `webface260m/*.zip`, and `pairs/lfw.bin`,
`pairs/cfp_fp.bin`, `pairs/agedb_30.bin`. 21, 42 and 63 million images a run: with ResNet-50 at 660
images/s (see studies/README.md) 27 GPU hours for the largest, with ResNet-100 nearer to twice as
many; an estimate.
"""

from frlib.backbones import iresnet
from frlib.data.sources import zip_shards
from frlib.heads.presets import expface
from frlib.optimisers import sgd
from frlib.schedules import moving_haar, poly
from frlib.study.schema import Replicates, Resources, Study
from frlib.train.config import TrainConfig
from studies import _papers

ROWS = (((0,), 100), ((0, 1), 100), ((0, 1, 2), 50), ((0, 1, 2), 100))
"""First digits of the archives, and the network's depth."""


def study() -> Study:
    """Every printed row of WebFace, under two schedules."""
    benchmarks = _papers.packed("lfw", "cfp_fp", "agedb_30")
    return Study(
        name="mhlr_data",
        question=__doc__,
        base=TrainConfig(
            data=_papers.data(zip_shards.Config(path="webface260m", subsets=(0,)), benchmarks),
            backbone=iresnet.Config(depth=100),
            head=expface.Config(),
            optimiser=sgd.Config(lr=0.02),
            epochs=5,
            batch_size=128,
            precision="bfloat16",
        ),
        axes={
            "schedule": (moving_haar.Config(), poly.Config()),
            "data.train.subsets+backbone.depth": ROWS,
        },
        pruning="none",
        replicates=Replicates(seeds=(0,)),
        report=tuple(f"{one.name}/insightface10/accuracy" for one in benchmarks),
        table="mhlr",
        published="mhlr",
        resources=Resources(cpus_per_worker=8.0, gpus_per_worker=1.0),
    )
