from dataclasses import replace
from math import isnan

import numpy as np
import pytest
import torch

from frlib.cleaning.findings import Findings
from frlib.cleaning.score import score
from frlib.data.manifest import CLOSED, DUPLICATE, MERGED, OPEN, OUTLIER, UNKNOWN, Manifest
from frlib.heads.output import Decisions
from frlib.parallel.collectives import SINGLE
from frlib.train.verdicts import VerdictLog
from tests.unit.train.worlds import CLASSES, manifest

ROWS, PROPOSED = [0, 1, 4, 6, 20, 7], [0, 3, 0, 2, 4, 5]
EXCESS = [0.5, 0.25, 0.75, 0.125, 0.375, 0.3125]


def _noisy() -> Manifest:
    """Rows 0-3 are flips, 4 and 5 duplicates, 6 shows nobody, 7 a person whose class was merged."""
    own = manifest()
    true, kinds = own.true_labels.copy(), own.kinds.copy()
    labels = np.where(np.arange(len(own)) < 6, 1, own.labels)
    kinds[:4], kinds[4:6], kinds[6], kinds[7] = CLOSED, DUPLICATE, OPEN, MERGED
    true[6], true[7] = OUTLIER, CLASSES
    return replace(own, labels=labels, true_labels=true, kinds=kinds, others=("gone",))


def _scores(own: Manifest, rows: list[int]) -> dict[str, float]:
    log = VerdictLog(own, SINGLE, torch.device("cpu"))
    count = len(rows)
    decisions = Decisions(
        "test",
        torch.ones(count, dtype=torch.bool),
        torch.tensor(own.labels[rows]),
        torch.tensor(PROPOSED[:count]),
        torch.tensor(EXCESS[:count]),
    )
    log.add(0, torch.tensor(rows, dtype=torch.int64), decisions)
    return log.close().scores


def test_close_when_the_truth_is_known_then_scores_are_as_counted_by_hand() -> None:
    decided = 1 / 1 + 2 / 2 + 3 / 4 + 4 / 5 + 5 / 6
    assert _scores(_noisy(), ROWS) == pytest.approx(
        {
            "corrections/flagged": 6,
            "corrections/flipped": 6,
            "corrections/precision": 5 / 6,
            "corrections/recall": 3 / 6,
            "corrections/relabel_accuracy": 2 / 3,
            "corrections/f1": 2 * 5 / (6 + 8),
            "corrections/harm": 1 / 40,
            "corrections/recall/flip": 2 / 4,
            "corrections/recall/duplicate": 1 / 2,
            "corrections/recall/outlier": 2 / 2,
            "corrections/auprc": (decided + 3 * 8 / 48) / 8,
        }
    )


def test_close_when_scored_as_findings_then_the_same_where_both_say_it() -> None:
    own = _noisy()
    flagged = np.isin(np.arange(len(own)), ROWS)
    proposed, suspicion = np.full(len(own), -1), np.zeros(len(own))
    proposed[ROWS], suspicion[ROWS] = PROPOSED, EXCESS
    found = Findings(
        kind="test",
        ids=own.ids,
        identities=own.identities,
        given=own.labels,
        is_flagged=flagged,
        proposed=proposed,
        suspicion=suspicion,
    )
    wanted = score(found, own.labels, own.true_labels, own.kinds).metrics("corrections/")
    got = _scores(own, ROWS)
    others = ("corrections/recall", "corrections/relabel_accuracy", "corrections/flipped")
    same = got.keys() - {*others}
    assert {name: got[name] for name in same} == {name: wanted[name] for name in same}


def test_close_when_nothing_was_flagged_then_the_first_names_stay_undefined() -> None:
    found = _scores(_noisy(), [])
    assert isnan(found["corrections/precision"]) and isnan(found["corrections/relabel_accuracy"])
    assert found["corrections/recall"] == found["corrections/f1"] == found["corrections/harm"] == 0
    assert found["corrections/auprc"] == 8 / 48


def test_close_when_nothing_is_wrong_then_no_name_that_needs_it() -> None:
    found = _scores(manifest(), ROWS)
    assert (found["corrections/precision"], found["corrections/harm"]) == (0, 6 / 48)
    assert isnan(found["corrections/recall"])
    absent = {"f1", "auprc", "recall/flip", "recall/outlier", "recall/duplicate"}
    assert not {f"corrections/{name}" for name in absent} & found.keys()


def test_close_when_the_truth_is_unknown_then_counted_alone() -> None:
    own = manifest()
    unknown = replace(own, true_labels=np.full(len(own), UNKNOWN))
    assert _scores(unknown, ROWS) == {"corrections/flagged": 6}


def test_close_when_some_truth_is_unknown_then_those_samples_are_left_out() -> None:
    own = _noisy()
    partly = replace(own, true_labels=np.where(np.arange(len(own)) == 20, UNKNOWN, own.true_labels))
    found = _scores(partly, ROWS)
    assert (found["corrections/flagged"], found["corrections/precision"]) == (6, 1)
    assert found["corrections/harm"] == 0
