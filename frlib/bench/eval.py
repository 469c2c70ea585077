"""Everything about evaluation: pair verification, the IJB protocols, MegaFace among distractors."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from frlib.bench import eval_identification, eval_templates, eval_verification, limits
from frlib.bench.eval_identification import IdentificationResult
from frlib.bench.eval_templates import TemplatesResult
from frlib.bench.eval_verification import VerificationResult
from frlib.bench.limits import Limits


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Of each part; see there."""

    verification: eval_verification.Sizes = field(default_factory=eval_verification.Sizes)
    templates: eval_templates.Sizes = field(default_factory=eval_templates.Sizes)
    identification: eval_identification.Sizes = field(default_factory=eval_identification.Sizes)

    def repeated(self, repeats: int) -> "Sizes":
        """The same work with as many timed turns in every part."""
        return Sizes(
            verification=replace(self.verification, repeats=repeats),
            templates=replace(self.templates, repeats=repeats),
            identification=replace(self.identification, repeats=repeats),
        )


SMALL = Sizes(
    verification=eval_verification.SMALL,
    templates=eval_templates.SMALL,
    identification=eval_identification.SMALL,
)


@dataclass(frozen=True, kw_only=True)
class EvalReport:
    """Everything measured; `dataclasses.asdict` of it is JSON. limits: of one thread."""

    limits: Limits
    verification: tuple[VerificationResult, ...]
    templates: TemplatesResult
    identification: IdentificationResult


def run(sizes: Sizes, *, threads: int, is_small: bool, say: Callable[[str], None]) -> EvalReport:
    """`threads`: of what is measured in wall time; comparisons with plain code have one.

    `BenchmarkError` where plain code and frlib differ. Files go to temporary folders (2 GB at full
    size) that are removed at the end.
    """
    return EvalReport(
        limits=limits.measured("cpu", 1, is_small=is_small, say=say),
        verification=eval_verification.measured(sizes.verification, say=say),
        templates=eval_templates.measured(sizes.templates, threads=threads, say=say),
        identification=eval_identification.measured(sizes.identification, threads=threads, say=say),
    )
