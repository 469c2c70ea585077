import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.cleaning.applied import placed
from frlib.cleaning.findings import Findings
from frlib.cleaning.score import Scores, faults, rows, score
from frlib.core.errors import DataError
from frlib.data.lab.config import NoiseConfig
from frlib.data.lab.corrupt import corrupt
from frlib.data.manifest import (
    ASYMMETRIC,
    CLEAN,
    CLOSED,
    DUPLICATE,
    MERGED,
    OPEN,
    OUTLIER,
    UNKNOWN,
)
from frlib.metrics import correction
from tests.unit.cleaning.worlds import nothing
from tests.unit.data.tiny_sets import manifest

#       given, true, kind, flagged, proposed, suspicion
WORLD = [
    (0, 0, CLEAN, False, -1, 0.05),
    (0, 0, CLEAN, False, -1, 0.65),
    (0, 1, CLOSED, True, 1, 0.95),
    (0, 1, ASYMMETRIC, True, 2, 0.75),
    (1, 1, CLEAN, True, 2, 0.55),
    (1, 2, CLOSED, False, -1, 0.25),
    (1, OUTLIER, OPEN, True, -1, 0.85),
    (1, 3, MERGED, False, -1, 0.15),
    (2, 0, DUPLICATE, True, 0, 0.45),
    (2, UNKNOWN, CLEAN, True, 0, 0.35),
]
PEOPLE = ("anna", "bert", "cora")


def _scores(world: list[tuple[Any, ...]], order: np.ndarray | None = None) -> Scores:
    where = np.arange(len(world)) if order is None else order
    labels, true, kinds, flagged, proposed, suspicion = (
        np.array(column)[where] for column in zip(*world, strict=True)
    )
    found = Findings(
        kind="test",
        ids=np.array([f"{row:03d}" for row in where]),
        identities=PEOPLE,
        given=labels,
        is_flagged=flagged,
        proposed=proposed,
        suspicion=suspicion.astype(float),
    )
    return score(found, labels, true, kinds.astype(np.int8))


def test_score_when_made_by_hand_then_every_number_is_exact() -> None:
    wanted = {
        "flagged": 6,
        "unknown": 1,
        "wrong": 6,
        "precision": 4 / 5,
        "recall": 4 / 6,
        "f1": 8 / 11,
        "auprc": (1 + 1 + 1 + 4 / 6 + 5 / 7 + 6 / 8) / 6,
        "relabel_accuracy": 2 / 4,
        "relabel_accuracy/flip": 1 / 2,
        "harm": 1 / 3,
        "harmed": 1,
        "classes_emptied": 1,
        "ece": 3.85 / 9,
        "brier": (3 * 0.05**2 + 0 + 0.25**2 + 0.65**2 + 2 * 0.55**2 + 0.75**2 + 0.85**2) / 9
        + (0.15**2 - 0.05**2) / 9,
        "wrong/flip": 3,
        "precision/flip": 2 / 3,
        "recall/flip": 2 / 3,
        "f1/flip": 4 / 6,
        "auprc/flip": (1 + 1 + 3 / 5) / 3,
        "wrong/outlier": 2,
        "precision/outlier": 1 / 2,
        "recall/outlier": 1 / 2,
        "f1/outlier": 1 / 2,
        "auprc/outlier": (1 + 2 / 4) / 2,
        "wrong/duplicate": 1,
        "precision/duplicate": 1 / 2,
        "recall/duplicate": 1,
        "f1/duplicate": 2 / 3,
        "auprc/duplicate": 1 / 3,
        "size/2-3/samples": 1,
        "size/2-3/wrong": 1,
        "size/2-3/precision": 1,
        "size/2-3/recall": 1,
        "size/4-7/samples": 8,
        "size/4-7/wrong": 5,
        "size/4-7/precision": 3 / 4,
        "size/4-7/recall": 3 / 5,
        "size/4-7/harm": 1 / 3,
    }
    found = _scores(WORLD)
    assert found.metrics() == pytest.approx(wanted)
    assert found.is_known
    assert (found.num_samples, found.num_unknown, found.num_flagged_unknown) == (10, 1, 1)


def test_metrics_when_prefixed_then_the_same_under_other_names() -> None:
    found = _scores(WORLD)
    plain = found.metrics()
    assert found.metrics("cleaning/") == {f"cleaning/{name}": v for name, v in plain.items()}


def test_score_when_samples_are_in_another_order_then_the_same() -> None:
    order = np.random.default_rng(4).permutation(len(WORLD))
    assert _scores(WORLD, order).metrics() == pytest.approx(_scores(WORLD).metrics(), rel=1e-12)


def test_score_when_nothing_is_flagged_then_no_precision_and_no_harm() -> None:
    found = _scores([(*one[:3], False, -1, 0.0) for one in WORLD]).metrics()
    assert "precision" not in found and "relabel_accuracy" not in found
    assert (found["flagged"], found["recall"], found["f1"], found["harm"]) == (0, 0, 0, 0)
    assert found["auprc"] == 6 / 9
    assert found["classes_emptied"] == 0


def test_score_when_all_are_flagged_then_all_found_and_all_harmed() -> None:
    found = _scores([(*one[:3], True, -1, 1.0) for one in WORLD]).metrics()
    assert (found["precision"], found["recall"], found["harm"]) == (6 / 9, 1, 1)
    assert found["classes_emptied"] == 2
    assert "relabel_accuracy" not in found


def test_score_when_nothing_is_wrong_then_harm_alone() -> None:
    found = _scores([one for one in WORLD if one[0] == one[1]]).metrics()
    assert (found["wrong"], found["precision"], found["harm"]) == (0, 0, 1 / 3)
    absent = ("recall", "f1", "auprc", "recall/flip", "auprc/outlier", "wrong/duplicate")
    assert not {*absent} & {*found}


def test_score_when_nothing_is_known_then_the_flagged_count_alone() -> None:
    found = _scores([(one[0], UNKNOWN, *one[2:]) for one in WORLD])
    assert not found.is_known
    assert found.metrics("cleaning/") == {"cleaning/flagged": 6}
    assert rows(found) == []
    told = found.to_json()
    assert (told["is_known"], told["unknown"], told["flagged_unknown"]) == (False, 10, 6)
    assert told["reliability"] == []


def test_score_when_there_is_no_truth_then_as_unknown() -> None:
    own = manifest(3, 4)
    found = nothing("test", own.ids, own.identities, own.labels)
    assert score(found, own.labels, None).metrics() == {"flagged": 0}


def test_score_when_there_is_one_class_then_scored() -> None:
    world = [(0, 0, CLEAN, False, -1, 0.1), (0, OUTLIER, OPEN, True, -1, 0.9)]
    found = _scores(world).metrics()
    assert (found["precision"], found["recall"], found["auprc"], found["harm"]) == (1, 1, 1, 0)
    assert found["size/2-3/recall"] == 1


def test_score_when_kinds_are_not_told_then_duplicates_are_flips() -> None:
    own = manifest(3, 4)
    true = np.where(np.arange(7) == 0, 1, own.labels)
    found = nothing("test", own.ids, own.identities, own.labels)
    kinds = np.full(7, DUPLICATE, dtype=np.int8)
    assert "wrong/duplicate" in score(found, own.labels, true, kinds).metrics()
    assert score(found, own.labels, true).metrics()["wrong/flip"] == 1


def test_faults_when_noise_made_them_then_each_kind_is_told() -> None:
    steps = {
        "duplicate": {"ratio": 0.4},
        "merged": {"ratio": 0.3},
        "closed": {"ratio": 0.2},
        "open": {"ratio": 0.2},
    }
    own = corrupt(
        manifest(10, 12, 7, 9, 30, 8, 20, 11), NoiseConfig.parse(steps), manifest(9, prefix="x"), 1
    )
    found = faults(own.labels, own.true_labels, own.kinds, own.num_classes)
    assert ((found == correction.NONE) == (own.true_labels == own.labels)).all()
    assert (found[own.kinds == OPEN] == correction.OUTLIER).all()
    assert (found[own.kinds == MERGED] == correction.OUTLIER).all()
    is_homeless = own.true_labels >= own.num_classes
    assert (found[(own.kinds == DUPLICATE) & ~is_homeless] == correction.DUPLICATE).all()
    assert (found[(own.kinds == CLOSED) & ~is_homeless] == correction.FLIP).all()
    assert (found[is_homeless] == correction.OUTLIER).all()
    assert np.bincount(found, minlength=4).all()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.integers(-2, 4),
            st.sampled_from([CLEAN, CLOSED, OPEN, DUPLICATE, MERGED, ASYMMETRIC]),
            st.booleans(),
            st.integers(-1, 2),
            st.integers(0, 8),
        ),
        min_size=1,
        max_size=14,
    )
)
def test_score_when_compared_with_plain_loops_then_equal(drawn: list[tuple[Any, ...]]) -> None:
    world = [(g, t, k, f, p if f else -1, s / 8) for g, t, k, f, p, s in drawn]
    found = _scores(world).metrics()
    known = [one for one in world if one[1] != UNKNOWN]
    if not known:
        assert found == {"flagged": sum(one[3] for one in world)}
        return
    kinds = {"flip": [], "outlier": [], "duplicate": [], "": []}
    for one in known:
        if one[1] == one[0]:
            kinds[""].append(one)
        elif not 0 <= one[1] < len(PEOPLE):
            kinds["outlier"].append(one)
        else:
            kinds["duplicate" if one[2] == DUPLICATE else "flip"].append(one)
    right = kinds.pop("")
    for name, of in kinds.items():
        assert found.get(f"wrong/{name}", 0) == len(of)
        assert found.get(f"recall/{name}") == _share([one for one in of if one[3]], of)
        assert (f"auprc/{name}" in found) == bool(of)
    assert found.get("harm") == _share([one for one in right if one[3]], right)
    told = [o for o in [*right, *kinds["flip"], *kinds["duplicate"]] if o[3] and o[4] != -1]
    assert found.get("relabel_accuracy") == _share([o for o in told if o[4] == o[1]], told)
    emptied = {o[0] for o in right} - {o[0] for o in right if not o[3]}
    assert found["classes_emptied"] == len(emptied)
    for size, low, high in (("1", 1, 1), ("2-3", 2, 3), ("4-7", 4, 7), ("8-15", 8, 15)):
        of = [o for o in known if low <= sum(o[0] == other[0] for other in world) <= high]
        assert found.get(f"size/{size}/samples", 0) == len(of)
        wrong = [o for o in of if o[1] != o[0]]
        assert found.get(f"size/{size}/recall") == _share([o for o in wrong if o[3]], wrong)


def _share(part: list[Any], whole: list[Any]) -> float | None:
    return len(part) / len(whole) if whole else None


def test_to_json_when_written_and_read_then_the_same_without_nan() -> None:
    told = _scores(WORLD).to_json()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["metrics"]["recall/flip"] == 2 / 3
    assert sum(one["samples"] for one in told["reliability"]) == 9


def test_rows_when_some_numbers_are_undefined_then_none_in_the_same_columns() -> None:
    found = rows(_scores(WORLD))
    assert [row["of"] for row in found] == [
        "all",
        "flip",
        "outlier",
        "duplicate",
        "classes of 2-3",
        "classes of 4-7",
    ]
    assert all(row.keys() == found[0].keys() for row in found)
    assert (found[0]["samples"], found[0]["wrong"], found[0]["found"]) == (9, 6, 4)
    assert found[1]["harm"] is None and found[4]["harm"] is None and found[5]["auprc"] is None
    assert not any(isinstance(v, float) and math.isnan(v) for row in found for v in row.values())


def test_score_when_not_placed_then_data_error() -> None:
    own = manifest(3, 4)
    found = nothing("test", own.ids, own.identities, own.labels)
    with pytest.raises(DataError, match=r"shapes \(6,\), \(7,\), \(7,\).*one entry a sample"):
        score(found, own.labels[1:], own.true_labels, own.kinds)
    with pytest.raises(DataError, match=r"has label 0 there and 1 here \(3 such\)"):
        score(found, np.ones(7, dtype=np.int64), own.true_labels, own.kinds)


def test_score_when_suspicion_is_no_probability_then_data_error() -> None:
    with pytest.raises(DataError, match="expected 0 to 1"):
        _scores([(*WORLD[0][:5], 1.5)])


def test_score_when_placed_on_a_manifest_then_unnamed_samples_are_not_flagged() -> None:
    own = manifest(3, 4)
    some = nothing("test", own.ids[:2], own.identities, own.labels[:2])
    found = placed(some, own)
    scores = score(found, own.labels, own.true_labels, own.kinds)
    assert (scores.num_samples, scores.metrics()["harm"]) == (7, 0)
