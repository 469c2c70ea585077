"""What the study engine costs beside training: trials, plans, resuming, proposals."""

from collections.abc import Callable
from dataclasses import dataclass

from frlib.bench import study_scale, study_trials
from frlib.bench.study_scale import PlanResult, ResumeResult
from frlib.bench.study_trials import TrialsResult
from frlib.core.errors import ClusterError


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """trials: through the tuner, of which `warm` are not timed; 0 leaves this part out.

    fresh: runs in processes of their own. plan: arms of a plan. resumes: runs on record.
    """

    trials: int = 24
    warm: int = 4
    fresh: int = 5
    plan: int = 10_000
    resumes: tuple[int, ...] = (1_000, 10_000)


SMALL = Sizes(trials=0, plan=100, resumes=(20,))


@dataclass(frozen=True, kw_only=True)
class StudyReport:
    """Everything measured; `dataclasses.asdict` of it is JSON.

    trials: a text says why they were not measured.
    """

    trials: TrialsResult | str
    plan: PlanResult
    resumes: tuple[ResumeResult, ...]


def run(sizes: Sizes, *, say: Callable[[str], None]) -> StudyReport:
    """`BenchmarkError` where runs through the tuner differ from those called directly."""
    return StudyReport(
        trials=_trials(sizes, say),
        plan=study_scale.planned(sizes.plan, say=say),
        resumes=study_scale.resumed(sizes.resumes, say=say),
    )


def _trials(sizes: Sizes, say: Callable[[str], None]) -> TrialsResult | str:
    if not sizes.trials:
        return "left out of a small run"
    try:
        return study_trials.measured(sizes.trials, sizes.warm, sizes.fresh, say=say)
    except ClusterError as error:
        return str(error)
