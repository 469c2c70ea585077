"""The training set of a run after the findings that its config names. No torch here."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frlib.cleaning import findings
from frlib.cleaning.applied import apply_to, placed
from frlib.cleaning.findings import Findings
from frlib.cleaning.score import score
from frlib.core.errors import ConfigError, DataError
from frlib.data.prepare import Prepared
from frlib.records.write import RunWriter
from frlib.train.clean import Clean
from frlib.train.start import require_content

BEFORE = -1
"""Epoch of decisions that were taken before the first one."""


@dataclass(frozen=True)
class Cleaning:
    """found: on the noisy training rows. scores: `cleaning/*`, as far as the truth is known.

    new_class: `[C]` class of the noisy set -> the run's, `DROPPED` where nothing of it is left.
    """

    found: Findings
    new_class: NDArray[np.int64]
    scores: dict[str, float]

    def record(self, writer: RunWriter, *, is_new: bool) -> None:
        """Scores, as of before the first epoch, in every attempt; decisions in the first alone."""
        writer.log(self.scores, epoch=0, step=0)
        if not is_new:
            return
        found, rows = self.found, np.flatnonzero(self.found.is_flagged)
        assert found.true is not None, "findings are placed on a manifest"
        writer.decisions(
            found.ids[rows],
            epoch=BEFORE,
            kind=found.kind,
            given=found.given[rows],
            proposed=found.proposed[rows],
            score=found.suspicion[rows],
            true=found.true[rows],
        )


def cleaned(prepared: Prepared, clean: Clean) -> tuple[Prepared, Cleaning | None]:
    """What is left to train on, and by which findings; unchanged where nothing is cleaned.

    `DataError` where the findings are of another set; `ConfigError` where they leave too little, as
    the same rule does again.
    """
    if not clean.is_on:
        return prepared, None
    if clean.waits_for:
        raise ConfigError(
            f"clean: the stage {clean.waits_for!r} is not done: this run is begun by itself, not "
            "in a study. Give clean.path, a findings.parquet"
        )
    path = Path(clean.path)
    require_content(path, clean.sha256, "clean", "findings")
    train = prepared.train
    found = placed(findings.read(path), train)
    scores = score(found, train.labels, train.true_labels, train.kinds)
    try:
        done = apply_to(train, found, clean.apply)
    except DataError as error:
        raise ConfigError(f"clean: {error}") from error
    facts = done.manifest.facts
    about: dict[str, Any] = facts["cleaning"] | {"scores": scores.to_json()}
    left = replace(done.manifest, facts=facts | {"cleaning": about})
    cleaning = Cleaning(found, done.new_class, scores.metrics("cleaning/"))
    return replace(prepared, train=left), cleaning
