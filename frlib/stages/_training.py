"""A whole training inside a stage: its artefact's folder is that of a study of one run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from frlib.core.config import to_dict
from frlib.records import declare, ledger
from frlib.stages._job import Job
from frlib.train import replicate, reporter
from frlib.train.config import TrainConfig
from frlib.train.together import shown

_RUN = "arms/*/r*"


@dataclass(frozen=True)
class Training:
    """One run of a stage. records: the folder that it fills. name: of what the study is called."""

    run: TrainConfig
    records: Path
    name: str
    job: Job

    def train(self) -> Mapping[str, float]:
        """From its newest checkpoint to its end, unless it is done; its final metrics.

        Every worker calls this and may read what is in `records` afterwards; the first one has the
        metrics, others get none.
        """
        job, place = self.job, self.job.place
        ticket = replicate.Ticket(
            job.store, self.name, job.digest, job.seed, records=self.records, follow=True
        )
        found = None
        if place.is_first:
            arm = {"arm": job.digest, "cell": {}, "params": {}, "config": to_dict(self.run)}
            declare.write_study(self.records, {"name": self.name})
            declare.write_arm(self.records, arm | {"datasets": dict(job.datasets), "default": True})
            found = ledger.completed(ticket.folder)
        if not place.told(float(found is not None)):
            replicate.run(self.run, ticket, place, reporter.silent)
        if place.is_first:
            declare.write_verdict(self.records, job.digest, {"status": "complete"})
        shown(self.records, place)
        if not place.is_first:
            return {}
        attempt = ledger.completed(ticket.folder)
        assert attempt is not None, "a finished replicate is on record"
        return ledger.final_metrics(attempt)


def finished(records: Path) -> Path:
    """The folder `r<seed>` of the run that fills a folder, as `start.path` takes it."""
    (found,) = records.glob(_RUN)
    return found
