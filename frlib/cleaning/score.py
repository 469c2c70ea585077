"""Findings scored against the truth of the set they are placed on.

A given label is wrong where it is not the true one. How it is wrong decides what can be done:

    flip        another class is shown, by closed-set or asymmetric noise: relabel
    outlier     a person without a class, or nobody of the set: drop. Those whose class was merged
                into another are here: they are shown, and no label of the set is theirs
    duplicate   the person has a second class, and the row was moved into it: join the two

Samples of unknown truth are left out of every rate and counted. Rates are those of
`frlib.metrics.correction`; suspicion is scored by average precision (for one kind: against right
labels only, as nothing suspected says how it is wrong) and by its calibration. Class sizes are of
given labels, in powers of two.

Shapes: N samples, C classes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from frlib.cleaning.findings import Findings
from frlib.core.errors import DataError
from frlib.data.lab.realised import bin_name, size_bins
from frlib.data.manifest import DUPLICATE, OUTLIER, UNKNOWN
from frlib.metrics import correction
from frlib.metrics.average_precision import average_precision
from frlib.metrics.calibration import Calibration, calibration
from frlib.metrics.correction import FAULTS, NONE, WRONG, Counts, counted

_OF_KIND = ("wrong", "precision", "recall", "f1", "auprc")
_OF_SIZE = ("samples", "wrong", "precision", "recall", "harm")


@dataclass(frozen=True, kw_only=True, eq=False)
class Scores:
    """What findings are worth.

    rule: their kind. num_samples, num_flagged: whatever the truth. num_unknown,
    num_flagged_unknown: of unknown truth; all else is of known truth. counts: by fault. auprc: of
    the suspicion, 0..1, NaN where nothing is wrong; auprc_of: by kind of wrongness.
    num_classes_emptied: classes that have right labels, and would have none of them if the flagged
    were dropped. sizes: counts by the size of the given class ("4-7").
    """

    rule: str
    num_samples: int
    num_unknown: int
    num_flagged: int
    num_flagged_unknown: int
    counts: Counts
    auprc: float
    auprc_of: Mapping[str, float]
    calibration: Calibration
    num_classes_emptied: int
    sizes: Mapping[str, Counts]

    @property
    def is_known(self) -> bool:
        """The truth is known of a sample at least."""
        return self.num_unknown < self.num_samples

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Flat numbers, `<prefix>recall/flip`; what is undefined is left out.

        `flagged` counts all samples. `relabel_accuracy` is over flagged samples that have a
        proposal and whose true label is a class, right ones included; `relabel_accuracy/flip`
        over flips. Where nothing is known, `flagged` alone.
        """
        values: dict[str, float] = {"flagged": self.num_flagged}
        if self.is_known:
            values |= self._overall()
            for line in self.lines("kind"):
                values |= {f"{name}/{line['of']}": line[name] for name in _OF_KIND}
            for line in self.lines("size"):
                values |= {f"size/{line['of']}/{name}": line[name] for name in _OF_SIZE}
        return {
            f"{prefix}{name}": float(value)
            for name, value in values.items()
            if not math.isnan(value)
        }

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types: the counts, `metrics`, and the `reliability` of the suspicion."""
        return {
            "rule": self.rule,
            "is_known": self.is_known,
            "samples": self.num_samples,
            "unknown": self.num_unknown,
            "flagged": self.num_flagged,
            "flagged_unknown": self.num_flagged_unknown,
            "metrics": self.metrics(),
            "reliability": self.calibration.reliability(),
        }

    def _overall(self) -> dict[str, float]:
        counts = self.counts
        return {
            "unknown": self.num_unknown,
            "wrong": counts.num(),
            "precision": counts.precision(),
            "recall": counts.recall(),
            "f1": counts.f1(),
            "auprc": self.auprc,
            "relabel_accuracy": counts.relabel_accuracy(),
            "relabel_accuracy/flip": counts.relabel_accuracy((correction.FLIP,)),
            "harm": counts.harm,
            "harmed": counts.flagged[NONE],
            "classes_emptied": self.num_classes_emptied,
            "ece": self.calibration.ece,
            "brier": self.calibration.brier,
        }

    def lines(self, by: Literal["kind", "size"]) -> list[dict[str, Any]]:
        """The columns of `rows` for each kind of wrongness that occurs, or each class size."""
        if by == "size":
            return [_line(size, counts) for size, counts in self.sizes.items()]
        return [
            _line(name, self.counts, (fault,), self.auprc_of[name])
            for name, fault in FAULTS.items()
            if self.counts.size[fault]
        ]


def score(
    found: Findings,
    given: NDArray[np.int64],
    true: NDArray[np.int64] | None,
    kinds: NDArray[np.int8] | None = None,
) -> Scores:
    """Score findings that are placed on a manifest, row for row.

    given, true, kinds: `[N]`, its `labels`, `true_labels` and `kinds`. true: None where nothing is
    known of any. kinds: None where only the labels are known; duplicates then count as flips.
    `DataError` for columns of other lengths, other given labels, or a suspicion outside 0..1.
    """
    true = np.full(len(found), UNKNOWN, dtype=np.int64) if true is None else true
    kinds = np.zeros(len(found), dtype=np.int8) if kinds is None else kinds
    _require_placed(found, given, true, kinds)
    known = true != UNKNOWN
    fault = faults(given, true, kinds, len(found.identities))[known]
    flagged, suspicion = found.is_flagged[known], found.suspicion[known]
    columns = (fault, flagged, found.proposed[known], true[known])
    return Scores(
        rule=found.kind,
        num_samples=len(found),
        num_unknown=int((~known).sum()),
        num_flagged=int(found.is_flagged.sum()),
        num_flagged_unknown=int((found.is_flagged & ~known).sum()),
        counts=counted(*columns),
        auprc=average_precision(suspicion, fault != NONE),
        auprc_of={name: _auprc_of(kind, suspicion, fault) for name, kind in FAULTS.items()},
        calibration=calibration(suspicion, fault != NONE),
        num_classes_emptied=_emptied(given[known][fault == NONE], flagged[fault == NONE]),
        sizes=_by_size(size_bins(np.bincount(given)[given])[known], columns),
    )


def faults(
    given: NDArray[np.int64],
    true: NDArray[np.int64],
    kinds: NDArray[np.int8],
    num_classes: int,
) -> NDArray[np.int8]:
    """`[N]` how each given label is wrong, as in `frlib.metrics.correction`.

    It means nothing where the truth is unknown. A moved duplicate whose person has no class any
    more (it was merged afterwards) is an outlier: no label of the set is right.
    """
    is_outside = (true == OUTLIER) | (true >= num_classes)
    shown = np.where(kinds == DUPLICATE, correction.DUPLICATE, correction.FLIP)
    found = np.where(true == given, NONE, np.where(is_outside, correction.OUTLIER, shown))
    return found.astype(np.int8)


def rows(scores: Scores) -> list[dict[str, Any]]:
    """A table for people: all, each kind of wrongness that occurs, each class size.

    `found`: wrong samples that are flagged. None where a number is undefined or means nothing; no
    rows where nothing is known.
    """
    if not scores.is_known:
        return []
    sizes = [line | {"of": f"classes of {line['of']}"} for line in scores.lines("size")]
    lines = [_line("all", scores.counts, auprc=scores.auprc), *scores.lines("kind"), *sizes]
    return [{name: _defined(value) for name, value in line.items()} for line in lines]


def _defined(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _line(
    of: str, counts: Counts, kinds: tuple[int, ...] = WRONG, auprc: float = math.nan
) -> dict[str, Any]:
    is_all = kinds == WRONG
    return {
        "of": of,
        "samples": sum(counts.size) if is_all else counts.num(kinds),
        "wrong": counts.num(kinds),
        "found": counts.num_flagged(kinds),
        "precision": counts.precision(kinds),
        "recall": counts.recall(kinds),
        "f1": counts.f1(kinds),
        "auprc": auprc,
        "harm": counts.harm if is_all else math.nan,
    }


def _auprc_of(kind: int, suspicion: NDArray[np.float64], fault: NDArray[np.int8]) -> float:
    among = (fault == kind) | (fault == NONE)
    return average_precision(suspicion[among], fault[among] == kind)


def _emptied(given: NDArray[np.int64], is_flagged: NDArray[np.bool_]) -> int:
    """Classes all of whose samples, here right ones, are flagged."""
    return len(np.unique(given)) - len(np.unique(given[~is_flagged]))


def _by_size(bins: NDArray[np.int64], columns: tuple[NDArray[Any], ...]) -> dict[str, Counts]:
    return {
        bin_name(number): counted(*(column[bins == number] for column in columns))
        for number in np.unique(bins).tolist()
    }


def _require_placed(found: Findings, *columns: NDArray[Any]) -> None:
    if any(column.shape != (len(found),) for column in columns):
        raise DataError(
            f"findings of {found.kind!r} on {len(found)} samples, but labels, truth and kinds of "
            f"shapes {', '.join(str(column.shape) for column in columns)}; expected one entry a "
            "sample. Place the findings on the manifest first"
        )
    differ = found.given != columns[0]
    if differ.any():
        row = int(differ.argmax())
        raise DataError(
            f"findings of {found.kind!r}: sample {found.ids[row]!r} has label {found.given[row]} "
            f"there and {columns[0][row]} here ({int(differ.sum())} such). Place the findings on "
            "the manifest first"
        )
