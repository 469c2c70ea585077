"""Which way of training a new model keeps an old model's gallery of use, in which of four cases?

The old model has seen 30 % of the people, or 30 % of everybody's images; the new one is trained on
the rest (open class, open data) or on everything (extended class, extended data). The old head is a
plain softmax, whose classes are wide, or ArcFace. Seven methods at their published settings, and
none: that new model is the reference of what compatibility costs, and of what indexing everything
again would win.

The old net is half as wide as the new one and has embeddings of the same length, so no rule for
dimensions is needed. Every replicate has an old model of its own. Everything
is measured on people whom neither model has seen: 1:1 within each model and across both, either of
them on the enrolled side, and rank 1 while the gallery is indexed again, from nothing to all of it.
Nothing is searched: `mixbct_open_class` asks what the methods do at settings of their own.

Published settings are of 35 epochs, and UniBCT's epochs are scaled to the length here. Published
results are figures on IJB-C, whose numbers are not at hand: none is beside.

At 32 pixels, so that it can be paid for on CPUs: 192 runs of 13 to 33 seconds of a CPU core
(process time of single runs, evaluation included) and 12 old models of fewer, about forty minutes
on two cores. With real faces some 25 seconds a run, by other studies' nets and images: an hour.
Run with two of its seeds on procedural and on real faces; studies/README.md has what came out.
"""

from frlib.study.schema import Replicates, Study
from frlib.study.selection import Selection
from studies import _compatible


def study(faces: str = "") -> Study:
    """Real faces from the folder `faces`, else procedural ones."""
    base = _compatible.base(faces)
    return Study(
        name="bct_scenarios_faces" if faces else "bct_scenarios",
        question=__doc__,
        base=base,
        axes={
            "data.part+compat.changes.data.part": _compatible.SCENARIOS,
            "compat.changes.head": _compatible.old_heads(faces),
            "compat.method": _compatible.methods(base.epochs),
        },
        pruning="none",
        replicates=Replicates(seeds=(0, 1, 2)),
        selection=Selection(metric="compatible_auc"),
        report=_compatible.reported(base),
        table="compatible",
    )
