"""Cleaning again and again: every round is trained on what the rounds before left of the set.

    model 1, findings 1     those of `after`
    model r                 trained, with `changes`, on the set cleaned by findings r − 1
    findings r              of the rule on model r, told of the set as it was at first: over the
                            whole set, or, of a rule that asks the course of training, over what
                            model r was trained on and composed with findings r − 1

It ends after `rounds`, or where the selection metric has not risen over all models before for
`patience` rounds; the findings of the best model are those that count. Rounds are kept in folders
`round<r>`, with their records; `rounds.json` says how each went.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from frlib.cleaning import evidence
from frlib.cleaning import findings as findings_of
from frlib.core import discover, safeio
from frlib.core.config import Choice, setting, to_dict, with_path
from frlib.core.errors import DataError
from frlib.stages._decide import FILE, counts, decided
from frlib.stages._job import Job
from frlib.train import staged
from frlib.train.clean import Apply, Clean
from frlib.train.config import TrainConfig
from frlib.train.staged import Stage

if TYPE_CHECKING:
    from frlib.denoise import Rule
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


def inputs(config: Config, run: TrainConfig) -> tuple[str, ...]:
    """The first round's findings and its model."""
    return (config.after, config.model)


def view(config: Config, run: TrainConfig) -> TrainConfig:
    """The run that a round trains, short of its findings."""
    staged.require_findings(run, Clean(stage=config.after))
    staged.trained_by(config.model, run)
    module, stage = _trained(config)
    seen: TrainConfig = module.view(stage, run)
    return seen


def identity(config: Config, run: TrainConfig) -> dict[str, Any]:
    """The run of a round, the rule, and how often; the rest follows from the first round."""
    fields = ("rule", "rounds", "patience", "apply")
    told: dict[str, Any] = {name: getattr(config, name) for name in fields}
    return told | {"run": view(config, run)}


def counted(config: Config, run: TrainConfig) -> dict[str, Any]:
    """As `Config.counted`, changes as the run has them by then."""
    module, stage = _trained(config)
    changes = module.counted(stage, run)["changes"]
    return to_dict(config, places=False) | {"changes": changes}


def produce(job: Job, folder: Path) -> dict[str, Any]:
    """Go through the rounds that are not done; says how each went and which one counts."""
    config = job.stage
    assert isinstance(config, Config)
    rule = view(config, job.run).stopping
    best, best_metric, waited, told = Path(), None, 0, list[dict[str, Any]]()
    for number, metric, file, facts in _rounds(config, job, folder):
        if number == 1 and metric != metric:
            raise DataError(
                f"{rule.name} of the first round is not a number: nothing says when to stop. Hold "
                "people out (data.holdout), or set clean.rounds=1"
            )
        told.append({"round": number, "metric": metric, **facts})
        if rule.is_better(metric, best_metric):
            best, best_metric, waited = file, metric, 0
        else:
            waited += 1
        if waited >= config.patience:
            break
    if not job.place.is_first:
        return {}
    safeio.write_bytes(folder / FILE, best.read_bytes())
    safeio.write_json(folder / _ROUNDS, told)
    places = [one["round"] for one in told if one["metric"] == best_metric]
    return {"rounds": told, "best": places[0]}


def findings(folder: Path) -> Path:
    """The file in an artefact, as `clean.path` takes it."""
    return folder / FILE


def _rounds(
    config: Config, job: Job, folder: Path
) -> Iterator[tuple[int, float, Path, dict[str, Any]]]:
    """Round, its model's selection metric, its findings, and what they count."""
    from frlib.records import ledger
    from frlib.stages import _evidence
    from frlib.stages._training import Training, finished

    run, place = view(config, job.run), job.place
    first = staged.module_of(job.run, config.model).weights(job.inputs[config.model])
    attempt = ledger.completed(first) if place.is_first else None
    metrics = ledger.final_metrics(attempt) if attempt is not None else {}
    found = job.inputs[config.after] / FILE
    name = run.stopping.name
    yield 1, place.told(metrics.get(name, float("nan"))), found, {}
    sees = ("answers", "embeddings") if {"answers", "embeddings"} & set(config.rule.needs) else ()
    over = "trained" if "course" in config.rule.needs else "whole"
    for number in range(2, config.rounds + 1):
        clean = Clean.parse({"path": str(found), "apply": config.apply})
        own, room = with_path(run, "clean", clean), folder / f"round{number}"
        trained_to = Training(own, room, f"round{number}", job).train()
        metric = place.told(trained_to.get(name, float("nan")))
        found, facts = room / FILE, dict[str, Any]()
        if not place.told(float(found.is_file())):
            trained = _evidence.Trained(own, finished(room), job.store)
            _evidence.collect(trained, sees, over, place, room / _EVIDENCE)
            if place.is_first:
                decided(config.rule, evidence.read(room / _EVIDENCE), room)
        if place.is_first:
            shutil.rmtree(room / _EVIDENCE, ignore_errors=True)
            facts = counts(findings_of.read(found))
        place.told(0.0)  # the others wait here until the findings are there
        yield number, metric, found, facts


def _trained(config: Config) -> tuple[Any, Stage]:
    """The train stage that a round is, and its module."""
    module = discover.load(staged.PACKAGE, "train")
    return module, module.Config(changes=config.changes)
