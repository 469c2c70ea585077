"""At settings of its own, does MixBCT still lead where the new model has seen no old person?

The source has every method at one setting, and some of them constrain little there: BCT and UniBCT
compare unscaled cosines with their prototypes. Here every method's weights, scale, temperature,
radius or share are searched, by the `SPACE` of its module, with as many arms a cell for each. Arms
are raced over seeds by what they reach on held-out people: the mean area of the new model alone and
of it against old features. The published setting is the first arm of every cell, and is never
stopped. All train for as many passes; where there are more settings they are searched less densely.
Without a method there is nothing to search.

Open class: the old model has seen 30 % of the people, the new one the others. The old head is a
plain softmax or ArcFace. Lengths, nets and benchmarks are those of `bct_scenarios`. Published
results are figures on IJB-C, whose numbers are not at hand: none is beside.

114 arms, so at most 342 runs of 13 to 23 seconds of a CPU core (process time of single runs) and 6
old models: at most three quarters of an hour on two cores. With real faces some 20 seconds a run,
by other studies' nets and images: an hour; not run.

Run to its end on procedural faces: 282 runs, 60 arms lost a race. MixBCT does not lead: across
models it reaches 79 ± 4 and 78.4 ± 2.6 % (old head softmax, ArcFace), 1.7 ± 1.0 and 4.6 ± 2.2
points below the old model. L2 and its weakened form reach 81.5 to 82.9, as good as the old model's
81 ± 5 and 83.0 ± 1.0, and pay with 2.5 to 4 points of the new model's own 89.8; the others cross at
76.5 to 80 and, but for AdvBCT and once NCCL, lose nothing alone. No row is shown above the bar,
five are shown below it. The published settings are within 3 points of the searched ones everywhere.
Means of three seeds with half of a 95 % interval.
"""

from frlib.core import discover
from frlib.core.space import Distribution
from frlib.pruning import racing
from frlib.study.schema import Replicates, Study
from frlib.study.search import Search
from frlib.study.selection import Selection
from studies import _compatible

ARMS = 8
"""Of every cell that has something to search."""


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    base = _compatible.base(faces)
    methods = _compatible.methods(base.epochs)
    return Study(
        name="mixbct_open_class_faces" if faces else "mixbct_open_class",
        question=__doc__,
        base=base,
        axes={
            "compat.changes.head": _compatible.old_heads(faces),
            "compat.method": methods,
        },
        space={key: d for one in methods for key, d in _space(one.name).items()},
        search=Search(arms_per_cell=ARMS),
        pruning=racing.Config(),
        replicates=Replicates(seeds=(0, 1, 2)),
        selection=Selection(metric="compatible_auc"),
        report=_compatible.reported(base),
        table="compatible",
    )


def _space(name: str) -> dict[str, Distribution]:
    """What is searched where the method is this one."""
    own = getattr(discover.load("frlib.compat", name), "SPACE", {})
    return {f"compat.method={name}.{field}": leaf for field, leaf in own.items()}
