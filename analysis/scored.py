"""What findings on a training set were worth: columns of `cleaning/*`, with reasons for gaps.

Recorded before the first epoch of the run that is cleaned by them (`frlib.cleaning.score`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from analysis.columns import Filled
from analysis.grid import LEVEL, Grid, Sample
from analysis.table import Cell, Column, measured, missing
from frlib.records.select import Choice
from frlib.stats.intervals import mean_interval

FLAGGED, WRONG = "cleaning/flagged", "cleaning/wrong"
SHARE = "flagged_share"
_NONE_WRONG = "no label is wrong there"
_UNKNOWN = "the truth of no sample is known"
SCORES = (
    ("precision", "precision", "nothing was flagged"),
    ("recall", "recall", _NONE_WRONG),
    ("recall/flip", "recall of flips", "no label is a flip there"),
    ("recall/outlier", "recall of outliers", "no image is an outlier there"),
    ("f1", "F1", _NONE_WRONG),
    ("auprc", "AUPRC", _NONE_WRONG),
    (
        "relabel_accuracy",
        "accuracy of the proposed label",
        "no label was proposed for anybody of the set",
    ),
    ("harm", "harm", "no label is right there"),
    ("ece", "calibration error", "no sample is of known truth"),
)
"""Name below `cleaning/`, title, and why a recorded run has none."""
MEANING = (
    "Precision, recall and F1: flagged samples against wrong labels, of flips and outliers "
    "together where not told apart. AUPRC: average precision of the suspicion. Accuracy of the "
    "proposed label: over flagged samples whose true person has a class. Harm: share of the "
    "right labels that are flagged. Calibration error: of the suspicion as a probability, over "
    "ten bins."
)
"""For captions."""

Unjudged = Callable[[Choice], Cell]
"""The entry of a row without findings: says why there are none."""


def scores(
    grid: Grid,
    name: str,
    title: str,
    why: str,
    cells: Sequence[Cell],
    unjudged: Unjudged,
) -> Filled:
    """The column of one of `SCORES`. cells: of `cleaning/<name>`, a row each."""
    entries = [
        _explained(grid, row, cell, why, unjudged)
        for row, cell in zip(grid.rows, cells, strict=True)
    ]
    return Filled(Column(f"cleaning/{name}", title, scale=100.0, unit="%", digits=1), entries)


def flagged(grid: Grid, unjudged: Unjudged) -> Filled:
    """Share of the samples that findings flag."""
    entries = []
    for row in grid.rows:
        found, samples = grid.sample(row, FLAGGED), _samples(grid, row)
        shares = [count / samples[seed] for seed, count in found.items() if seed in samples]
        unknown = missing(_UNKNOWN) if found else unjudged(row)
        entries.append(measured(mean_interval(shares, LEVEL)) if shares else unknown)
    return Filled(Column(SHARE, "flagged", scale=100.0, unit="%", digits=1), entries)


def _explained(grid: Grid, row: Choice, cell: Cell, why: str, unjudged: Unjudged) -> Cell:
    """A rate that is undefined is not recorded: the cell says so, and how often it is defined."""
    judged = grid.sample(row, FLAGGED)
    if row.arm is None or not judged:
        return unjudged(row)
    if cell.origin == "missing":
        return missing(why if grid.sample(row, WRONG) else _UNKNOWN)
    if cell.n is not None and cell.n < len(judged):
        others = f"undefined in {len(judged) - cell.n} of {len(judged)} replicates: {why}"
        return replace(cell, note="; ".join(filter(None, (cell.note, others))))
    return cell


def _samples(grid: Grid, row: Choice) -> Sample:
    """Seed -> samples judged: those of known truth, by class size, and those of unknown."""
    sizes = [name for name in grid.names if name.startswith("cleaning/size/")]
    total = dict(grid.sample(row, "cleaning/unknown"))
    for name in sizes:
        if name.endswith("/samples"):
            for seed, count in grid.sample(row, name).items():
                total[seed] = total.get(seed, 0.0) + count
    return total
