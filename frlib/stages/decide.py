"""The findings of a rule on evidence. No image is looked at and no model asked.

Where the set had been cleaned before, the findings tell of the set as it was at first
(`frlib.cleaning.composed`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from frlib.cleaning import evidence
from frlib.core.config import Choice, setting, to_dict
from frlib.core.errors import ConfigError
from frlib.stages._cost import TABLE_ROW, Cost
from frlib.stages._decide import FILE, decided, require_fit
from frlib.stages._job import Job
from frlib.train import staged
from frlib.train.config import TrainConfig
from frlib.train.staged import Stage

if TYPE_CHECKING:
    from frlib.denoise import Rule
else:
    Rule = Choice["frlib.denoise"]


class Config(Stage):
    """Which rule, and on what."""

    name: Literal["decide"] = "decide"
    evidence: str = setting("", doc="the evidence stage that the rule looks at")
    rule: Rule = Field("boundary", validate_default=True, description="a rule of frlib.denoise")


def inputs(config: Config, run: TrainConfig) -> tuple[str, ...]:
    """The evidence."""
    return (config.evidence,)


def view(config: Config, run: TrainConfig) -> TrainConfig:
    """The run that the evidence is about; `ConfigError` where it lacks what the rule looks at."""
    stage = staged.every(run)[config.evidence]
    sees = getattr(stage, "sees", None)
    if sees is None:
        raise ConfigError(
            f"evidence={config.evidence!r}: {staged.kind_of(stage)} is no evidence; name an "
            "evidence stage"
        )
    lacking = [one for one in config.rule.needs if one in ("answers", "embeddings")]
    lacking = [one for one in lacking if one not in sees]
    if lacking:
        raise ConfigError(
            f"rule {config.rule.name!r} looks at {' and '.join(lacking)}, which stages."
            f"{config.evidence} does not see; add them to its `sees`"
        )
    if "course" in config.rule.needs and getattr(stage, "over", "") == "whole":
        raise ConfigError(
            f"rule {config.rule.name!r} looks at what the training decided, with the labels it was "
            f'given, and stages.{config.evidence} is over the whole set; set its over="trained"'
        )
    seen: TrainConfig = staged.module_of(run, config.evidence).view(stage, run)
    require_fit(config.rule, seen)
    return seen


def identity(config: Config, run: TrainConfig) -> dict[str, Any]:
    """The rule; the rest follows from the evidence."""
    return {"rule": config.rule}


def counted(config: Config, run: TrainConfig) -> dict[str, Any]:
    """All of it."""
    return to_dict(config, places=False)


def cost(config: Config, run: TrainConfig) -> Cost:
    """The table of findings, and no time to speak of."""
    return Cost(seen=view(config, run), sample_bytes=TABLE_ROW)


def produce(job: Job, folder: Path) -> dict[str, Any]:
    """Write the findings; counts what was flagged."""
    assert isinstance(job.stage, Config)
    if not job.place.is_first:
        return {}
    seen = evidence.read(job.inputs[job.stage.evidence])
    return decided(job.stage.rule, seen, folder)


def findings(folder: Path) -> Path:
    """The file in an artefact, as `clean.path` takes it."""
    return folder / FILE
