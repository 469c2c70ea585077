"""Do BoundaryFace's published results on a large set of unknown noise hold when they are run again?

MS1M, which is not curated, ArcFace, MV-Arc-Softmax, CurricularFace, BoundaryF1 (printed as lambda =
0) and BoundaryFace: ResNet-50, 24 epochs of 8 x 32, rate 0.1 cut to a tenth after 10, 18 and 22
epochs, scale 32, margin 0.5; correction begins with the twelfth epoch (README, "Supplemental
Results"). No noise is added. IJB-C and MegaFace, printed as well, are measured afterwards, of the
stored models (`frlib eval run`), and their places in the table say so.

The curated MS1MV2, of which ArcFace and BoundaryFace are printed, is the same study elsewhere:

    --set name=boundaryface_ms1mv2 --set table=boundaryface_ms1mv2 --set base.data.train.path=DIR

Nothing of this has been run here: it needs GPUs and sets under licence. Sets are looked for in the
folder that the command is called in: `faces_ms1m_112x112` (train.rec), and `pairs/` as for
`boundaryface_casia`.

Four to six million images an epoch: 90 to 140 million a run, 40 to 60 GPU hours at 660 images/s
(see studies/README.md), and five runs; an estimate.
"""

from frlib.backbones import iresnet
from frlib.core.config import with_path
from frlib.data.sources import recordio
from frlib.optimisers import sgd
from frlib.schedules import multi_step
from frlib.study.schema import Replicates, Resources, Study
from frlib.train.config import TrainConfig
from studies import _papers, boundaryface_casia

FIRST_CORRECTED = 11
"""epoch_start 10 of a script that numbers epochs from 0 and corrects when the epoch is larger."""


def study() -> Study:
    """The five methods of `boundaryface_casia`, later corrected."""
    benchmarks = _papers.ten()
    *plain, f1, face = boundaryface_casia.heads()
    late = (with_path(head, "first_corrected_epoch", FIRST_CORRECTED) for head in (f1, face))
    return Study(
        name="boundaryface_ms1m",
        question=__doc__,
        base=TrainConfig(
            data=_papers.data(recordio.Config(path="faces_ms1m_112x112"), benchmarks),
            backbone=iresnet.Config(depth=50),
            schedule=multi_step.Config(milestones_epochs=(10, 18, 22)),
            optimiser=sgd.Config(lr=0.1, nesterov=True, clip_norm=0.0),
            epochs=24,
            batch_size=8 * 32,
            precision="bfloat16",
        ),
        axes={"head": (*plain, *late)},
        pruning="none",
        replicates=Replicates(seeds=(0,)),
        report=tuple(f"{one.name}/boundaryface10/accuracy" for one in benchmarks),
        table="boundaryface_ms1m",
        published="boundaryface",
        resources=Resources(workers=8, cpus_per_worker=4.0, gpus_per_worker=1.0),
    )
