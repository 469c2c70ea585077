"""A study of two arms that share a pre-training, for tests of the whole chain."""

from frlib.stages import train
from frlib.study.schema import Study
from tests.integration import mini


def study() -> Study:
    """Two margins after an epoch of softmax, two seeds, both arms at once."""
    whole = mini.study()
    before = train.Config(changes={"epochs": 1, "head": "softmax", "data.benchmarks": []})
    start = {"stage": "pretrain"}
    base = {name: getattr(whole.base, name) for name in type(whole.base).model_fields}
    return Study(
        name="staged",
        question="Is a shared pre-training trained once?",
        base=base | {"epochs": 2, "start": start, "stages": {"pretrain": before}},
        axes={"head.margin": (0.1, 0.3)},
        pruning="none",
        replicates=whole.replicates,
        report=whole.report,
        resources={"concurrent_arms": 2},
    )
