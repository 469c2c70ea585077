"""A study whose arms are cleaned before they train, for tests of the whole chain."""

from frlib.study.schema import Replicates, Study
from tests.integration import mini


def study() -> Study:
    """Not at all, by a rule, by the same one with other use of its findings, and in two rounds."""
    whole = mini.study()
    base = {name: getattr(whole.base, name) for name in type(whole.base).model_fields}
    rule = {
        "rule": {"name": "subcenter_drop", "drop_angle_deg": 85},
        "changes": {"epochs": 1, "data.benchmarks": []},
        "apply": "drop",
    }
    return Study(
        name="cleaned",
        question="Do arms share what they are cleaned by?",
        base=base | {"epochs": 2, "noise": {"closed": {"ratio": 0.3}}},
        axes={"clean": ({}, rule, rule | {"apply": "relabel"}, rule | {"rounds": 2})},
        pruning="none",
        replicates=Replicates(seeds=(0,)),
        report=whole.report,
        resources={"concurrent_arms": 2},
    )
