"""The first epochs of a run, kept for runs that begin alike.

Two runs share their first e epochs if they agree in all that decides them. So a prefix is known by
the digest of: the config without its changes at epoch e and later (`frlib.train.course`), the
content of the data, the seed, and e. The rate's schedule depends on the length of the whole run,
which is in the config.

A prefix holds the checkpoint after epoch e, the best one before it where the best model counts, and
what was recorded until then. A run that goes on from it ends as if it had been trained from its
beginning: bit for bit on CPUs with as many workers, up to rounding elsewhere.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from frlib.artifacts.store import Artifacts
from frlib.core import safeio
from frlib.core.config import digest
from frlib.core.errors import RecordError
from frlib.data.prepare import dataset_digest, noise_digest
from frlib.records import first_epochs
from frlib.records.write import RunWriter
from frlib.train import checkpoint
from frlib.train.config import TrainConfig

if TYPE_CHECKING:
    from frlib.train.replicate import Ticket

KIND = "prefix"
FACT = "inherited"
_ABOUT, _CHECKPOINTS = "prefix.json", "checkpoints"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prefix:
    """One that was found whole. about: its epoch and step, and the run that it is from.

    tables: rows of metrics and decisions until then.
    """

    digest: str
    about: Mapping[str, Any]
    checkpoints: tuple[Path, ...]
    tables: Mapping[str, pa.Table]


class Prefixes:
    """The prefixes of one run, for its first worker.

    is_handed_over: whether this attempt was given its first epochs, records included.
    """

    def __init__(self, artifacts: Artifacts, config: TrainConfig, ticket: "Ticket") -> None:
        self._artifacts, self._config, self._ticket = artifacts, config, ticket
        self.is_handed_over = False

    def digest(self, epoch: int) -> str:
        """Identity of the first `epoch` epochs."""
        course = tuple(one for one in self._config.course if one.epoch < epoch)
        begun = self._config.model_copy(update={"course": course})
        return digest(
            {
                "config": begun,
                "datasets": self._datasets,
                "seed": self._ticket.seed,
                "epoch": epoch,
            }
        )

    @contextmanager
    def longest(self) -> Iterator[Prefix | None]:
        """The longest one that is kept and ends at a change; None for a run that has begun.

        Within, it is not removed.
        """
        with ExitStack() as holds:
            is_alone = self.has_begun or self._ticket.follow
            yield None if is_alone else self._held(holds)

    def facts(self, found: Prefix | None) -> dict[str, Any]:
        """Of an attempt that begins with `found`, or goes on from one that began with a prefix."""
        if found is not None:
            return {FACT: {**found.about, "prefix": found.digest}}
        if not self.has_begun:
            return {}
        told = first_epochs.attempts(self._ticket.folder)[-1:]
        facts = safeio.read_json(told[0] / "run.json")["facts"] if told else {}
        return {FACT: facts[FACT]} if FACT in facts else {}

    def hand_over(self, found: Prefix, writer: RunWriter) -> None:
        """Records first, then checkpoints: a run that was killed in between begins once more."""
        about = found.about
        for name, rows in found.tables.items():
            writer.adopt(name, rows)
        writer.event(
            FACT,
            f"the first {about['epoch']} epochs are those of arm {about['arm']} of study "
            f"{about['study']} (prefix {found.digest})",
        )
        writer.flush()
        for path in found.checkpoints:
            checkpoint.copy(path, self._ticket.checkpoints)
        self.is_handed_over = True

    def keep(self, epoch: int, step: int) -> None:
        """Keep what the run is after `epoch`; its checkpoint and records are on the disk."""
        ticket = self._ticket
        about = {
            "epoch": epoch,
            "step": step,
            "study": ticket.study,
            "arm": ticket.arm,
            "seed": ticket.seed,
        }

        def make(folder: Path) -> Mapping[str, Any]:
            for path in self._needed(step):
                checkpoint.copy(path, folder / _CHECKPOINTS)
            first_epochs.write(first_epochs.gather(ticket.folder, epoch), folder)
            safeio.write_json(folder / _ABOUT, about)
            return {"epoch": epoch, "step": step}

        self._artifacts.produce(KIND, self.digest(epoch), make, about=about)

    @property
    def has_begun(self) -> bool:
        """Whether a checkpoint of the run is there."""
        return bool(checkpoint.paths(self._ticket.checkpoints))

    def _held(self, holds: ExitStack) -> Prefix | None:
        for change in reversed(self._config.course):
            name = self.digest(change.epoch)
            holds.enter_context(self._artifacts.held(KIND, name))
            folder = self._artifacts.find(KIND, name)
            if folder is not None:
                found = _read(folder, name)
                if found is not None:
                    return found
        return None

    def _needed(self, step: int) -> list[Path]:
        newest = checkpoint.path_at(self._ticket.checkpoints, step)
        stopping, kept = self._config.stopping, checkpoint.paths(self._ticket.checkpoints)
        if stopping.model == "last":
            return [newest]
        until = [path for path in kept if path <= newest]
        best = checkpoint.ranked(until, lowest_is_best=stopping.lowest_is_best)[:1]
        return sorted({*best, newest})

    @cached_property
    def _datasets(self) -> dict[str, str]:
        config, store = self._config, self._ticket.store
        return dataset_digest(config.data, store) | noise_digest(config.noise)


def _read(folder: Path, name: str) -> Prefix | None:
    try:
        checkpoints = checkpoint.paths(folder / _CHECKPOINTS)
        for path in checkpoints:
            checkpoint.require_whole(path)
        about = safeio.read_json(folder / _ABOUT)
        return Prefix(name, about, tuple(checkpoints), first_epochs.read(folder))
    except (RecordError, OSError) as error:
        log.warning("%s is damaged (%s); the run does without it", folder, error)
        return None
