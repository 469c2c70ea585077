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

from frlib.artifacts.store import Artifacts, placed
from frlib.core import discover, published
from frlib.core.config import to_dict
from frlib.parallel.collectives import TorchGroup
from frlib.rayrun import near, seat, several
from frlib.rayrun.notice import watched
from frlib.records import doing
from frlib.remote.copy import local
from frlib.stages import Job, Stage, digests
from frlib.study.schema import Resources
from frlib.train import staged
from frlib.train.config import TrainConfig
from frlib.train.place import Place, stays
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
            "store": published.address(self.ticket.store),
            "study": self.ticket.study,
            "arm": self.ticket.arm,
            "seed": self.ticket.seed,
            "inputs": {n: f"{one.parent.name}/{one.name}" for n, one in self.inputs.items()},
            "datasets": dict(self.datasets),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "_Asked":
        store = local(told["store"])
        return cls(
            run=TrainConfig.parse(told["config"]),
            name=told["name"],
            digest=told["digest"],
            ticket=Ticket(store, told["study"], told["arm"], told["seed"]),
            inputs={name: placed(store, one) for name, one in told["inputs"].items()},
            datasets=told["datasets"],
        )


@contextmanager
def resolved(
    run: TrainConfig,
    ticket: Ticket,
    datasets: Mapping[str, str],
    resources: Resources,
    notice: Callable[[], str] = stays,
) -> Iterator[tuple[TrainConfig, Ticket]]:
    """What is left to do of a replicate once its stages are done, and its ticket.

    Its facts name the artefacts (`artifacts`: stage -> `<kind>/<digest>`), which are not removed
    inside this. datasets: as the arm has them on record. notice: of this process, as of a `Place`.
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
                made = made | {name: _produced(artifacts, asked, resources, say, notice)}
                names[name] = f"{asked.kind}/{digest}"
        facts = {**ticket.facts, "artifacts": names}
        yield staged.begun(run, made), replace(ticket, facts=facts)


def _produced(
    artifacts: Artifacts,
    asked: _Asked,
    resources: Resources,
    say: Callable[[str], None],
    notice: Callable[[], str],
) -> Path:
    """say: is told what goes on, for whoever watches the arm."""
    stage, ticket = asked.stage, asked.ticket

    def make(folder: Path) -> dict[str, Any]:
        say(f"making {asked.name} ({asked.kind})")
        return _make(asked, folder, resources, notice)

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


def _make(
    asked: _Asked, folder: Path, resources: Resources, notice: Callable[[], str]
) -> dict[str, Any]:
    _log.info("stage %s: making %s/%s", asked.name, asked.kind, asked.digest)
    if resources.most_workers == 1:
        return _produce(asked, folder, replace(seat.taken(resources), notice=notice))
    made: dict[str, Any] = several.fit(
        work,
        asked.to_json() | {"folder": folder.relative_to(asked.ticket.store).as_posix()},
        resources,
        name=f"{asked.kind}-{asked.digest}",
        storage=asked.ticket.store / "ray" / asked.ticket.study,
    )
    near.handed_over(folder, made["made_in"])
    facts: dict[str, Any] = made["facts"]
    return facts


def work(order: dict[str, Any]) -> dict[str, Any]:
    """Make a stage's output as one of several workers; its facts, and where it is."""
    torch.set_num_threads(max(1, int(order["cpus"])))
    with near.opened(order["store"]) as store, watched() as notice:
        place = Place(get_device(), TorchGroup(), notice)
        folder = store / order["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        near.agreed(folder, place)
        facts = _produce(_Asked.from_json(order), folder, place)
        if place.is_first:
            published.placed(folder)
        return {"facts": facts, "made_in": near.mark(folder)}


def _produce(asked: _Asked, folder: Path, place: Place) -> dict[str, Any]:
    module = discover.load(staged.PACKAGE, asked.kind)
    facts: dict[str, Any] = module.produce(asked.job(place), folder)
    return facts
