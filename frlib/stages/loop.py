"""Cleaning again and again: every round is trained on what the rounds before left of the set.

    model 1, findings 1   those of `after`
    model r               trained, with `changes`, on the set cleaned by findings r − 1
    findings r            of the rule on model r

A rule judges the whole set with its first labels, also what the rounds before took out. One that
asks the course of training can only judge what model r was trained on; its findings are composed
with those before.

It ends after `rounds`, or where the selection metric has not risen over all models before for
`patience` rounds; the findings of the best model are those that count. Findings of a later round
that leave too little to train on end it as well, and do not count. Rounds are kept in folders
`round<r>`, with their records; `rounds.json` says how each went, the facts why it ended.

A class of which a round leaves nothing has no centre in the next model: all its images lie nearer
to another one there and stay flagged, unless the round before is the one that counts.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from frlib.cleaning import evidence
from frlib.cleaning import findings as findings_of
from frlib.cleaning.effect import shortage
from frlib.core import discover, published, safeio
from frlib.core.config import Choice, setting, to_dict, with_path
from frlib.core.errors import ConfigError, DataError
from frlib.stages._cost import TABLE_ROW, Cost
from frlib.stages._decide import FILE, counts, decided, require_fit
from frlib.stages._job import Job
from frlib.train import staged
from frlib.train.clean import Apply, Clean
from frlib.train.config import TrainConfig
from frlib.train.staged import Stage

if TYPE_CHECKING:
    from frlib.denoise import Rule
    from frlib.train.place import Place
else:
    Rule = Choice["frlib.denoise"]

_ROUNDS, _EVIDENCE = "rounds.json", "evidence"


class Config(Stage):
    """What is repeated, and how often."""

    name: Literal["loop"] = "loop"
    after: str = setting("", doc="the decide stage that is the first round")
    model: str = setting("", doc="the train stage whose model that round judged")
    rule: Rule = Field("boundary", validate_default=True, description="a rule of frlib.denoise")
    changes: dict[str, Any] = setting(
        {}, doc="path of a field -> its value in the trainings of the rounds"
    )
    rounds: int = setting(3, ge=2, doc="rounds at most, the first included")
    patience: int = setting(1, ge=1, doc="rounds in a row without a rise after which it ends")
    apply: Apply = setting("both", doc="what is done about flagged samples: see `clean.apply`")
    mirrored: bool = setting(False, doc="how models are asked: see `clean.mirrored`")


def inputs(config: Config, run: TrainConfig) -> tuple[str, ...]:
    """The first round's findings and its model."""
    return (config.after, config.model)


def view(config: Config, run: TrainConfig) -> TrainConfig:
    """The run that a round trains, short of its findings; `ConfigError` for another's findings."""
    staged.require_findings(run, Clean(stage=config.after))
    staged.trained_by(config.model, run)
    _require_first_round(config, run)
    module, stage = _trained(config)
    seen: TrainConfig = module.view(stage, run)
    if set(config.rule.needs) <= {"truth"}:
        raise ConfigError(
            f"rule {config.rule.name!r} judges no model, so going round again changes nothing; "
            "use a decide stage"
        )
    require_fit(config.rule, seen)
    return seen


def identity(config: Config, run: TrainConfig) -> dict[str, Any]:
    """The run of a round, the rule, and how often; the rest follows from the first round."""
    fields = ("rule", "rounds", "patience", "apply")
    told: dict[str, Any] = {name: getattr(config, name) for name in fields}
    told |= {"mirrored": True} if config.mirrored else {}
    return told | {"run": view(config, run)}


def counted(config: Config, run: TrainConfig) -> dict[str, Any]:
    """As `Config.counted`, changes as the run has them by then."""
    module, stage = _trained(config)
    changes = module.counted(stage, run)["changes"]
    return to_dict(config, places=False) | {"changes": changes}


def cost(config: Config, run: TrainConfig) -> Cost:
    """A training and a pass for every round after the first, whose findings are kept."""
    seen = view(config, run)
    later = (seen,) * (config.rounds - 1)
    return Cost(
        seen=seen,
        trainings=later,
        passes=later * (1 + config.mirrored) if config.rule.sees else (),
        sample_bytes=TABLE_ROW * config.rounds,
    )


def produce(job: Job, folder: Path) -> dict[str, Any]:
    """Go through the rounds that are not done; says how each went, which one counts, why it ended.

    Where the first round's findings leave too little, they count, and no other round begins.
    """
    config = job.stage
    assert isinstance(config, Config)
    rule = view(config, job.run).stopping
    best, waited, told = None, 0, list[dict[str, Any]]()
    ended = f"{config.rounds} rounds are done"
    for one in _rounds(config, job, folder):
        if one.number == 1 and one.metric != one.metric:
            raise DataError(
                f"{rule.name} of the first round is not a number: nothing says when to stop. Hold "
                "people out (data.holdout), or set clean.rounds=1"
            )
        told.append(
            {
                "round": one.number,
                "metric": one.metric if one.metric == one.metric else None,
                **one.facts,
            }
        )
        waited += 1
        if best is None or (one.is_enough and rule.is_better(one.metric, best.metric)):
            best, waited = one, 0
        if not one.is_enough:
            ended = f"the findings of round {one.number} leave too little to train on"
            break
        if waited >= config.patience:
            ended = f"{rule.name} is no better after {waited} more"
            break
    if not job.place.is_first:
        return {}
    assert best is not None, "there is a first round"
    safeio.write_bytes(folder / FILE, best.file.read_bytes())
    safeio.write_json(folder / _ROUNDS, told)
    return {"rounds": told, "best": best.number, "ended": ended}


def findings(folder: Path) -> Path:
    """The file in an artefact, as `clean.path` takes it."""
    return folder / FILE


@dataclass(frozen=True)
class _Round:
    """metric: of its model, on held-out people. file: its findings. facts: what they count.

    is_enough: something can be trained on what they leave.
    """

    number: int
    metric: float
    file: Path
    facts: dict[str, Any]
    is_enough: bool


def _rounds(config: Config, job: Job, folder: Path) -> Iterator[_Round]:
    """The rounds one after the other; the next one is trained when it is asked for."""
    from frlib.records import ledger
    from frlib.stages import _evidence
    from frlib.stages._training import Training, finished
    from frlib.train.together import shown

    run, place = view(config, job.run), job.place
    first = staged.module_of(job.run, config.model).weights(job.inputs[config.model])
    attempt = ledger.completed(first) if place.is_first else None
    metrics = ledger.final_metrics(attempt) if attempt is not None else {}
    found, name = job.inputs[config.after] / FILE, run.stopping.name
    yield _judged(1, place.told(metrics.get(name, float("nan"))), found, config, run, place)
    over = "trained" if "course" in config.rule.needs else "whole"
    for number in range(2, config.rounds + 1):
        clean = Clean.parse({"path": str(found), "apply": config.apply})
        own, room = with_path(run, "clean", clean), folder / f"round{number}"
        trained_to = Training(own, room, f"round{number}", job).train()
        metric = place.told(trained_to.get(name, float("nan")))
        found = room / FILE
        if not place.told(float(found.is_file())):
            trained = _evidence.Trained(own, finished(room), job.store)
            _evidence.collect(
                trained, config.rule.sees, over, place, room / _EVIDENCE, mirrored=config.mirrored
            )
            if place.is_first:
                decided(config.rule, evidence.read(room / _EVIDENCE), room)
        if place.is_first:
            shutil.rmtree(room / _EVIDENCE, ignore_errors=True)
            published.gone(room / _EVIDENCE, is_folder=True)
        shown(room, place)
        yield _judged(number, metric, found, config, run, place)


def _judged(
    number: int, metric: float, file: Path, config: Config, run: TrainConfig, place: "Place"
) -> _Round:
    """A round whose findings are there; every worker waits here until the first one has read them.

    The first round's are counted by the stage that found them.
    """
    facts, lack = dict[str, Any](), ""
    if place.is_first:
        found = findings_of.read(file)
        facts = counts(found) if number > 1 else {}
        lack = shortage(found, config.apply, run.batch_size if run.last_batch == "drop" else 1)
        facts |= {"shortage": lack} if lack else {}
    return _Round(number, metric, file, facts, not place.told(float(bool(lack))))


def _require_first_round(config: Config, run: TrainConfig) -> None:
    """`ConfigError` unless `after` is a rule's verdict on the model of `model`."""
    stages = staged.every(run)
    after = stages[config.after]
    seen = getattr(after, "evidence", None)
    if seen is None:
        raise ConfigError(
            f"after={config.after!r}: {staged.kind_of(after)} is no first round; name the decide "
            f"stage that judges the model of {config.model!r}"
        )
    judged = getattr(stages[seen], "model", "")
    if judged != config.model:
        whose = f"the model of {judged!r}" if judged else "no model"
        raise ConfigError(
            f"after={config.after!r} judges {whose}, and model={config.model!r} is another; the "
            "first round is a model and the findings on it"
        )


def _trained(config: Config) -> tuple[Any, Stage]:
    """The train stage that a round is, and its module."""
    module = discover.load(staged.PACKAGE, "train")
    return module, module.Config(changes=config.changes)
