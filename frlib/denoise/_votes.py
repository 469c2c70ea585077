"""Votes of the epochs: decisions that a head took about samples while it was being trained."""

from typing import ClassVar

import numpy as np

from frlib.cleaning.evidence import Course, Evidence, Need
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core.config import setting
from frlib.core.errors import ConfigError
from frlib.denoise._rule import Rule


class Votes(Rule):
    """How many epochs are heard, and how many of them have to agree."""

    needs: ClassVar[tuple[Need, ...]] = ("course",)
    memory: int = setting(
        1, ge=1, doc="epochs heard, counted from the end; 1: the last one alone", unit="epochs"
    )
    votes: float = setting(
        0.5, gt=0, le=1, doc="share of the epochs heard that must propose the same class"
    )


def titled(title: str, config: Votes) -> str:
    """Name in tables: the title, at other settings with `(0.5 of the last 5 epochs)`."""
    usual = type(config)(name=config.name)
    if (config.memory, config.votes) == (usual.memory, usual.votes):
        return title
    epochs = "epoch" if config.memory == 1 else f"{config.memory} epochs"
    return f"{title} ({config.votes:g} of the last {epochs})"


def elected(evidence: Evidence, config: Votes, head: str) -> Findings:
    """Findings by the vote of the last epochs.

    With E = min(memory, epochs trained), n_ij the epochs of the last E that propose class j for
    sample i, and n_i = Σ_j n_ij:

        j*        = argmax_j n_ij       ties: proposed latest, then lowest class
        flag_i    = n_ij* ≥ votes · E   with the proposal j*
        suspicion = n_i / E

    `ConfigError` for a course of other decisions than the rule's; `head` names one that takes them.
    """
    course = evidence.course
    _require(course, config, config.decisions, head)
    epochs = max(1, min(config.memory, course.epochs))
    is_heard = course.epoch >= course.epochs - epochs
    is_heard &= course.proposed != evidence.given[course.row]
    row, proposed = course.row[is_heard], course.proposed[is_heard]
    order = np.lexsort((course.epoch[is_heard], proposed, row))
    row, proposed, epoch = row[order], proposed[order], course.epoch[is_heard][order]
    is_last = np.ones(len(row), dtype=np.bool_)
    is_last[:-1] = (row[1:] != row[:-1]) | (proposed[1:] != proposed[:-1])
    ends = np.flatnonzero(is_last)
    votes = np.diff(ends, prepend=-1)
    best_first = np.lexsort((proposed[ends], -epoch[ends], -votes, row[ends]))
    named, first = np.unique(row[ends][best_first], return_index=True)
    winner = best_first[first]
    wins = votes[winner] >= np.round(config.votes * epochs, 9)
    flagged = np.zeros(len(evidence), dtype=np.bool_)
    flagged[named] = wins
    proposal = np.full(len(evidence), NO_PROPOSAL, dtype=np.int64)
    proposal[named] = proposed[ends][winner]
    return evidence.findings(
        config.name,
        flagged,
        np.bincount(row, minlength=len(evidence)) / epochs,
        proposal,
        {
            "epochs_heard": epochs,
            "decisions_heard": len(row),
            "suspected_only": int((~wins).sum()),
        },
    )


def _require(course: Course, config: Votes, decisions: str, head: str) -> None:
    if not course.kind:
        raise ConfigError(
            f"denoise {config.name!r}: the training that this evidence is of took no decisions "
            f"about samples; expected those of kind {decisions!r}. Train with head={head}, and "
            "with first_corrected_epoch below the number of epochs"
        )
    if course.kind != decisions:
        raise ConfigError(
            f"denoise {config.name!r}: the decisions of this training are of kind "
            f"{course.kind!r}, expected {decisions!r}. Train with head={head}, or take the rule "
            "for these decisions"
        )
