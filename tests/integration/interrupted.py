"""A study to interrupt: two cells, four arms each, two seeds; a run takes about a second."""

from frlib.core.config import with_path
from frlib.core.space import Uniform
from frlib.heads.presets import arcface, boundary
from frlib.samplers import grid
from frlib.study.schema import Study
from tests.integration import mini


def study() -> Study:
    """A full grid; `--set search.sampler=tpe` searches the same arms' space."""
    value = mini.study()
    return Study(
        name="interrupted",
        question="Does it matter when a driver is killed?",
        base=with_path(value.base, "epochs", 8),
        axes={
            "head": (
                arcface.Config(margin=0.2),
                boundary.Config(margin=0.2, first_corrected_epoch=1),
            )
        },
        space={"head.margin": Uniform(low=0.1, high=0.4)},
        search={"arms_per_cell": 4, "sampler": grid.Config(points=3)},
        pruning="none",
        replicates=value.replicates,
        report=value.report,
    )
