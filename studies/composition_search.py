"""Which composition of similarity, margin, negatives, relabelling and objective wins under noise?

Five slots of the head are searched at once, with their own fields: 2 similarities, 6 margins, 5
ways with negatives, 3 rules of relabelling, 3 objectives. Cells: no noise, 20 and 40 % flips, and
20 % flips with 20 % outliers. The plain ArcFace is the default arm of each, which is never stopped.

32 arms a cell, three seeds. TPE proposes, as a model of a conditional space. Arms are halved after
half of the first run, where corrections have begun, then raced over seeds. What has no meaning
together is refused and another composition proposed: 144 of 200 random points can be trained. An
arm that needs more than `search.limits.memory_gib` is not begun: at paper size, set it to the card.

Nothing is published to compare with: each composition but a few is new. With 32 arms chosen on the
same held-out people, the best one's lead there is in part luck; the report on the benchmark is not
chosen on.

Without real faces: at most 384 runs of 8 epochs, just over an hour on two CPU cores if nothing were
stopped (see `_runs`). With them: at most 13 hours (4 minutes a run, as found for
`boundary_under_noise`). On GPUs at paper size (studies/README.md): at most 1,600 hours, an
estimate.

Not run to its end. In a reduced form (12 people, 4 epochs, two seeds, 30 arms in the last cell)
every module of every slot trained: 21 arms came to the end, 9 were stopped, none failed; nothing
follows from its numbers.
"""

from frlib.core.space import Branches, Distribution, IntUniform, OneOf, Uniform
from frlib.heads.presets import composed
from frlib.pruning import racing
from frlib.samplers import tpe
from frlib.study.schema import Replicates, Study
from frlib.study.search import Limits, Search
from frlib.study.selection import Selection
from studies import _runs

RATIOS = ((0.0, 0.0), (0.2, 0.0), (0.4, 0.0), (0.2, 0.2))
"""Shares of flipped labels and of outliers."""


def slots(latest: int) -> dict[str, Distribution]:
    """The space: a module for every slot, with its own fields. latest: start of a correction."""
    start = IntUniform(low=1, high=latest)
    return {
        "head.similarity": Branches(
            options={"cosine": {}, "subcenter": {"loss_k": OneOf(values=(2, 3, 5))}}
        ),
        "head.margin": Branches(
            options={
                "none": {},
                "arc": {"margin": Uniform(low=0.1, high=0.5)},
                "cos": {"margin": Uniform(low=0.05, high=0.4)},
                "combined": {
                    "margin": Uniform(low=0.0, high=0.4),
                    "cos_margin": Uniform(low=0.0, high=0.3),
                },
                "exp": {"margin": Uniform(low=0.6, high=0.95)},
                "elastic": {
                    "margin": Uniform(low=0.1, high=0.5),
                    "std": Uniform(low=0.01, high=0.1, log=True),
                },
            }
        ),
        "head.negatives": Branches(
            options={
                "none": {},
                "mv_fixed": {"t_weight": Uniform(low=0.05, high=0.4)},
                "mv_adaptive": {"mv_weight": Uniform(low=1.0, high=1.4)},
                "curricular": {},
                "interclass_filter": {"threshold": Uniform(low=0.3, high=0.9)},
            }
        ),
        "head.relabel": Branches(
            options={
                "none": {},
                "boundary": {"first_corrected_epoch": start},
                "progressive": {
                    "first_corrected_epoch": start,
                    "strictness": Uniform(low=0.0, high=2.0),
                    "given_share": Uniform(low=0.0, high=0.4),
                },
            }
        ),
        "head.objective": Branches(
            options={
                "cross_entropy": {},
                "noise_resistant": {"beta": Uniform(low=0.5, high=1.0)},
                "unified": {},
            }
        ),
    }


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    same, start = _runs.penalty(faces), _runs.first_corrected_epoch(faces)
    plain = composed.Config(
        scale=same["scale"],
        similarity={"name": "cosine", "init": "xavier_uniform"},
        margin={"name": "arc", "margin": same["margin"]},
    )
    base = _runs.base(faces, with_outliers=True, head=plain)
    return Study(
        name="composition_search_faces" if faces else "composition_search",
        question=__doc__,
        base=base,
        axes={"noise.closed.ratio+noise.open.ratio": RATIOS},
        space=slots(latest=start - 1),
        search=Search(arms_per_cell=32, sampler=tpe.Config(), limits=Limits(memory_gib=8.0)),
        pruning=racing.Config(first_epoch=base.epochs // 2),
        replicates=Replicates(seeds=(0, 1, 2)),
        selection=Selection(metric="auc"),
        report=_runs.reported(base),
    )
