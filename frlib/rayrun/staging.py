"""The stages of a replicate, before it trains: taken from the store, or made where it would train.

A stage is made once for all trials of all studies that share it; the others wait for it. One that
was interrupted goes on from its checkpoint, in whichever trial needs it next.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from ray.train.torch import get_device

from frlib.artifacts.store import Artifacts
from frlib.core import discover
from frlib.core.config import to_dict
from frlib.parallel.collectives import TorchGroup
from frlib.rayrun import several
from frlib.records import doing
from frlib.stages import Job, Stage, digests
from frlib.study.schema import Resources
from frlib.train import staged
from frlib.train.config import TrainConfig
from frlib.train.place import Place, here
from frlib.train.replicate import Ticket

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Asked:
    """One stage of one replicate. inputs: name of a stage -> its artefact."""

    run: TrainConfig
    name: str
    digest: str
    ticket: Ticket
    inputs: Mapping[str, Path]
    datasets: Mapping[str, str]

    @property
    def kind(self) -> str:
        return self.stage.name

    @property
    def stage(self) -> Stage:
        return staged.every(self.run)[self.name]

    def job(self, place: Place) -> Job:
        return Job(
            run=self.run,
            stage=self.stage,
            digest=self.digest,
            seed=self.stage.seed_for(self.ticket.seed),
            store=self.ticket.store,
            place=place,
            inputs=self.inputs,
            datasets=self.datasets,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "config": to_dict(self.run),
            "name": self.name,
            "digest": self.digest,
            "store": str(self.ticket.store),
            "study": self.ticket.study,
            "arm": self.ticket.arm,
            "seed": self.ticket.seed,
            "inputs": {name: str(path) for name, path in self.inputs.items()},
            "datasets": dict(self.datasets),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "_Asked":
        return cls(
            run=TrainConfig.parse(told["config"]),
            name=told["name"],
            digest=told["digest"],
            ticket=Ticket(Path(told["store"]), told["study"], told["arm"], told["seed"]),
            inputs={name: Path(path) for name, path in told["inputs"].items()},
            datasets=told["datasets"],
        )


@contextmanager
def resolved(
    run: TrainConfig, ticket: Ticket, datasets: Mapping[str, str], resources: Resources
) -> Iterator[tuple[TrainConfig, Ticket]]:
    """What is left to do of a replicate once its stages are done, and its ticket.

    Its facts name the artefacts (`artifacts`: stage -> `<kind>/<digest>`), which are not removed
    inside this. datasets: as the arm has them on record.
    """
    if not staged.order(run):
        yield run, ticket
        return
    artifacts, made = Artifacts(ticket.store), dict[str, Path]()
    with ExitStack() as holds:
        names = {}
        with doing.told(ticket.folder.parent) as say:
            for name, digest in digests(run, ticket.seed, datasets).items():
                asked = _Asked(run, name, digest, ticket, made, staged.datasets_of(name, datasets))
                holds.enter_context(artifacts.held(asked.kind, digest))
                made = made | {name: _produced(artifacts, asked, resources, say)}
                names[name] = f"{asked.kind}/{digest}"
        facts = {**ticket.facts, "artifacts": names}
        yield staged.begun(run, made), replace(ticket, facts=facts)


def _produced(
    artifacts: Artifacts, asked: _Asked, resources: Resources, say: Callable[[str], None]
) -> Path:
    """say: is told what goes on, for whoever watches the arm."""
    stage, ticket = asked.stage, asked.ticket

    def make(folder: Path) -> dict[str, Any]:
        say(f"making {asked.name} ({asked.kind})")
        return _make(asked, folder, resources)

    def waiting(whom: str) -> None:
        say(f"waiting for {asked.name} ({asked.kind})")
        _log.info("stage %s: %s", asked.name, whom)

    return artifacts.produce(
        asked.kind,
        asked.digest,
        make,
        about={
            "stage": to_dict(stage),
            "seed": stage.seed_for(ticket.seed),
            "first_asked_by": f"{ticket.study}/{ticket.arm}/r{ticket.seed}",
        },
        waiting=waiting,
        resumable=True,
    )


def _make(asked: _Asked, folder: Path, resources: Resources) -> dict[str, Any]:
    _log.info("stage %s: making %s/%s", asked.name, asked.kind, asked.digest)
    if resources.most_workers == 1:
        torch.set_num_threads(max(1, int(resources.cpus_per_worker)))
        return _produce(asked, folder, here(use_gpu=resources.gpus_per_worker > 0))
    facts: dict[str, Any] = several.fit(
        work,
        asked.to_json() | {"folder": str(folder)},
        resources,
        name=f"{asked.kind}-{asked.digest}",
        storage=asked.ticket.store / "ray" / asked.ticket.study,
    )
    return facts


def work(order: dict[str, Any]) -> dict[str, Any]:
    """Make a stage's output as one of several workers."""
    torch.set_num_threads(max(1, int(order["cpus"])))
    place = Place(get_device(), TorchGroup())
    return _produce(_Asked.from_json(order), Path(order["folder"]), place)


def _produce(asked: _Asked, folder: Path, place: Place) -> dict[str, Any]:
    module = discover.load(staged.PACKAGE, asked.kind)
    facts: dict[str, Any] = module.produce(asked.job(place), folder)
    return facts
