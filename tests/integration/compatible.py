"""The small study, beside an old model of the other half of the people."""

from typing import Any

from frlib.compat import bct, l2, mixbct, none
from frlib.core.config import with_paths
from frlib.study.schema import Replicates, Study
from frlib.study.selection import Selection
from frlib.train.compatible import Compat
from tests.integration import mini

HALF: dict[str, Any] = {"name": "class_split", "share": 0.5}


def study() -> Study:
    """Three methods and none, one seed; the old net is smaller in width and embedding."""
    old = {
        "data.part": {**HALF, "part": "old"},
        "head": {"name": "softmax"},
        "backbone.width": 4,
        "backbone.embedding_size": 8,
    }
    base = with_paths(
        mini.study().base,
        {
            "data.holdout.of": "whole",
            "data.part": {**HALF, "part": "new"},
            "noise.closed.ratio": 0.2,
        },
    )
    return Study(
        name="compatible",
        question="Does the chain hold beside an old model?",
        base=base.model_copy(update={"compat": Compat(changes=old, dimensions="pad")}),
        axes={
            "compat.method": (
                none.Config(),
                l2.Config(),
                bct.Config(prototypes="mixed"),
                mixbct.Config(),
            )
        },
        pruning="none",
        replicates=Replicates(seeds=(0,)),
        selection=Selection(metric="compatible_auc"),
        report=(
            "faces/insightface10/accuracy",
            "faces/insightface10/cross_accuracy",
            "faces/insightface10/old_accuracy",
        ),
        table="compatible",
    )
