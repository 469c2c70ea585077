"""Which classes and samples of findings are looked at, and what the evidence shows for them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from frlib.cleaning import findings as file
from frlib.cleaning.applied import placed
from frlib.cleaning.cases import Case, Tally, Truth, cases, tally
from frlib.cleaning.evidence import Course, Embedded, Evidence
from frlib.cleaning.evidence import Truth as Known
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core.errors import ConfigError, DataError
from frlib.data.flaws import BLUR, Flaws
from frlib.data.manifest import CLOSED, OPEN, OUTLIER, UNKNOWN, Manifest, from_table
from frlib.data.sources.synth import Config as Synth
from frlib.data.texts import texts
from tests.unit.cleaning.worlds import nothing

NAMES = ("ann", "bob", "cid", "dan")
SIZE = 6
"""Rows of class c are 6 c to 6 c + 5."""


def _manifest() -> Manifest:
    """Row 0 of ann shows bob, row 1 nobody of the set, row 6 of bob shows dan; all others right."""
    clean = from_table(
        ids=[f"{name}/{k}" for name in NAMES for k in range(SIZE)],
        names=[name for name in NAMES for _ in range(SIZE)],
        checksums=[b"0" * 32] * (SIZE * len(NAMES)),
        refs=list(range(SIZE * len(NAMES))),
        reader=Synth(),
        colour="RGB",
        trusted=True,
    )
    true, kinds = clean.true_labels.copy(), clean.kinds.copy()
    true[[0, 1, 6]] = 1, OUTLIER, 3
    kinds[[0, 1, 6]] = CLOSED, OPEN, CLOSED
    return replace(clean, true_labels=true, kinds=kinds)


def _found(manifest: Manifest, **proposals: int) -> Findings:
    """`r0=1`: row 0 is flagged with the proposal 1; suspicion falls with the row in a class."""
    none = nothing("boundary", manifest.ids, manifest.identities, manifest.labels)
    flagged, proposed = none.is_flagged.copy(), none.proposed.copy()
    for row, label in proposals.items():
        flagged[int(row[1:])] = True
        proposed[int(row[1:])] = label
    suspicion = 1 - (np.arange(len(manifest)) % SIZE) / 10
    return replace(none, is_flagged=flagged, proposed=proposed, suspicion=suspicion)


def _evidence(manifest: Manifest, rows: NDArray[Any] | None = None, **parts: Any) -> Evidence:
    """Of some rows of the manifest, in that order; nothing was decided unless `parts` say so."""
    mine = np.arange(len(manifest)) if rows is None else rows
    nothing = np.array([], dtype=np.int64)
    course = Course(
        kind="boundary",
        epochs=5,
        epoch=nothing,
        row=nothing,
        proposed=nothing,
        score=nothing.astype(float),
    )
    return Evidence(
        ids=manifest.ids[mine],
        identities=manifest.identities,
        given=manifest.labels[mine],
        truth=Known(true=manifest.true_labels[mine], kinds=manifest.kinds[mine]),
        **{"course": course} | parts,
    )


def _course(*moves: tuple[int, int, int, float]) -> Course:
    """Of (epoch, row, proposed, score)."""
    epoch, row, proposed = (np.array([m[i] for m in moves], dtype=np.int64) for i in range(3))
    score = np.array([m[3] for m in moves])
    return Course(kind="boundary", epochs=5, epoch=epoch, row=row, proposed=proposed, score=score)


def _rows(case: Case) -> list[int]:
    return [sample.row for sample in case.samples]


def test_cases_when_most_are_asked_for_then_classes_by_flags_and_none_without() -> None:
    manifest = _manifest()
    found = _found(manifest, r6=3, r12=0, r13=0)
    assert [case.label for case in cases(None, found, manifest)] == [2, 1]
    assert [case.label for case in cases(None, found, manifest, few=1)] == [2]
    assert cases(None, _found(manifest), manifest) == ()


def test_cases_when_a_spread_is_asked_for_then_from_the_largest_share_to_the_smallest() -> None:
    manifest = _manifest()
    found = _found(manifest, r0=1, r6=3, r7=3, r12=0, r13=0, r14=0)
    order = [case.label for case in cases(None, found, manifest, pick="spread", few=4)]
    assert order == [2, 1, 0, 3]
    assert [c.label for c in cases(None, found, manifest, pick="spread", few=2)] == [2, 3]


def test_cases_when_classes_are_alike_then_the_seed_decides_and_repeats() -> None:
    manifest = _manifest()
    found = _found(manifest, r0=1, r6=3, r12=0, r18=0)
    orders = [
        [case.label for case in cases(None, found, manifest, seed=seed)] for seed in (0, 0, 1, 2, 3)
    ]
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) > 1
    assert all(sorted(order) == [0, 1, 2, 3] for order in orders)


def test_cases_when_classes_are_named_then_those_once_and_in_that_order() -> None:
    found = _found(manifest := _manifest(), r0=1)
    named = cases(None, found, manifest, classes=("dan", "ann", "dan"))
    assert [case.label for case in named] == [3, 0]
    with pytest.raises(ConfigError, match=r"class 'anne'.*did you mean 'ann'"):
        cases(None, found, manifest, classes=("anne",))


@pytest.mark.parametrize(
    ("images", "rows"), [(12, [0, 1, 2, 3, 4, 5]), (4, [0, 2, 4, 5]), (2, [0, 4]), (1, [0])]
)
def test_cases_when_there_is_room_for_few_then_half_flagged_half_spread_over_the_others(
    images: int, rows: list[int]
) -> None:
    """Of ann, four are flagged; the others are rows 4 and 5."""
    found = _found(manifest := _manifest(), r0=1, r2=1, r1=1, r3=1)
    found = replace(found, suspicion=np.where(np.arange(len(found)) == 1, 0.65, found.suspicion))
    (case,) = cases(None, found, manifest, images=images)
    assert sorted(_rows(case)) == rows
    suspicion = [sample.suspicion for sample in case.samples]
    assert suspicion == sorted(suspicion, reverse=True)
    assert [sample.is_flagged for sample in case.samples] == [row < 4 for row in _rows(case)]


def test_truth_when_it_is_known_then_label_proposal_and_kind_are_judged() -> None:
    found = _found(manifest := _manifest(), r0=1, r1=1, r2=3, r6=2)
    ann, bob = cases(None, found, manifest, classes=("ann", "bob"))
    assert [sample.truth for sample in ann.samples[:3]] == [
        Truth(label="wrong", proposal="right", kind="closed", shows="bob"),
        Truth(label="wrong", proposal="wrong", kind="open", shows="nobody of the set"),
        Truth(label="right", proposal="wrong", kind="clean", shows="ann"),
    ]
    assert bob.samples[0].truth.proposal == "wrong"


def test_truth_when_it_is_unknown_then_said_and_nothing_is_counted() -> None:
    manifest = _manifest()
    manifest = replace(manifest, true_labels=np.full(len(manifest), UNKNOWN))
    (case,) = cases(None, _found(manifest, r0=1), manifest)
    unknown = Truth(label="unknown", proposal="unknown", kind="unknown", shows="unknown")
    assert {sample.truth for sample in case.samples} == {unknown}
    assert case.tally == Tally(images=6, flagged=1, known=0, found=0, mistaken=0, missed=0)


def test_truth_when_pixels_were_spoilt_then_the_kind_says_how() -> None:
    manifest = _manifest()
    kinds = np.zeros(len(manifest), dtype=np.int8)
    kinds[2] = BLUR
    flaws = Flaws(kinds, kinds.astype(np.float32), kinds.astype(np.uint32))
    manifest = replace(manifest, flaws=flaws)
    (case,) = cases(None, _found(manifest, r2=1), manifest)
    assert case.samples[2].truth.kind == "clean, blur"


def test_tally_when_truth_is_known_then_found_mistaken_and_missed_add_up() -> None:
    found = _found(manifest := _manifest(), r0=1, r2=3, r12=0)
    assert tally(found, manifest) == Tally(
        images=24, flagged=3, known=24, found=1, mistaken=2, missed=2
    )
    (ann,) = cases(None, found, manifest, classes=("ann",))
    assert ann.tally == Tally(images=6, flagged=2, known=6, found=1, mistaken=1, missed=1)


def test_nearest_when_there_are_embeddings_then_by_cosine_and_not_flagged() -> None:
    manifest = _manifest()
    angle = np.linspace(0, 3, len(manifest))
    angle[0] = angle[9] - 0.01
    length = np.linspace(1, 9, len(manifest))
    embeddings = (length * np.stack([np.cos(angle), np.sin(angle)])).T.astype(np.float32)
    embedded = Embedded(
        embeddings=embeddings, weight=np.ones((4, 2), np.float32), loss_k=1, scale=1.0
    )
    found = _found(manifest, r0=1, r8=3)
    (case,) = cases(
        _evidence(manifest, embedded=embedded), found, manifest, classes=("ann",), beside=3
    )
    assert case.samples[0].nearest == (9, 10, 7)


def test_nearest_when_there_are_no_embeddings_then_the_first_of_the_class() -> None:
    found = _found(manifest := _manifest(), r0=1, r6=3)
    (case,) = cases(_evidence(manifest), found, manifest, classes=("ann",), beside=2)
    assert case.samples[0].nearest == (7, 8)


def test_nearest_when_the_whole_class_is_flagged_then_its_images_all_the_same() -> None:
    manifest = _manifest()
    found = _found(manifest, r0=1, **{f"r{row}": 0 for row in range(6, 12)})
    (case,) = cases(None, found, manifest, classes=("ann",), beside=2)
    assert case.samples[0].nearest == (6, 7)


def test_nearest_when_nothing_is_proposed_then_none() -> None:
    found = _found(manifest := _manifest(), r0=NO_PROPOSAL)
    (case,) = cases(_evidence(manifest), found, manifest)
    assert case.samples[0].is_flagged and case.samples[0].nearest == ()


def test_paths_when_decisions_were_recorded_then_by_epoch_of_flagged_samples_alone() -> None:
    manifest = _manifest()
    course = _course((3, 0, 1, 0.3), (1, 0, 2, 0.1), (4, 0, 1, 0.4), (2, 2, 1, 0.7))
    found = _found(manifest, r0=1)
    (case,) = cases(_evidence(manifest, course=course), found, manifest)
    (path,) = case.samples[0].paths
    assert path.epochs.tolist() == [1, 3, 4] and path.values.tolist() == [0.1, 0.3, 0.4]
    assert path.of == 5 and path.note == "for bob 2×, cid 1×"
    assert case.samples[2].paths == ()


def test_paths_when_the_evidence_is_in_another_order_then_of_the_same_samples() -> None:
    manifest = _manifest()
    order = np.arange(len(manifest))[::-1][:20]
    found = _found(manifest, r6=3, r0=1)
    evidence = _evidence(manifest, order, course=_course((0, 17, 3, 0.5)))
    ann, bob = cases(evidence, found, manifest, classes=("ann", "bob"))
    assert bob.samples[0].paths[0].values.tolist() == [0.5]
    assert ann.samples[0].paths == ()


def test_cases_when_the_evidence_is_of_another_set_then_refused() -> None:
    manifest = _manifest()
    other = replace(_evidence(manifest), ids=texts([f"x{name}" for name in manifest.ids]))
    with pytest.raises(DataError, match=r"'xann/0' is not in this training set \(24 of 24"):
        cases(other, _found(manifest), manifest)


def test_cases_when_the_evidence_was_given_other_labels_then_refused_unless_cleaned() -> None:
    manifest = _manifest()
    given = manifest.labels.copy()
    given[5] = 2
    moved = replace(_evidence(manifest), given=given)
    with pytest.raises(DataError, match=r"'ann/5' was given 'cid', here it is 'ann' \(1 such"):
        cases(moved, _found(manifest), manifest)
    cleaned = replace(moved, before=_found(manifest, r5=2))
    assert cases(cleaned, _found(manifest, r5=2), manifest)[0].label == 0


def test_findings_when_read_from_a_file_and_placed_then_the_same_cases(tmp_path: Path) -> None:
    found = _found(manifest := _manifest(), r0=1, r6=3)
    file.write(found, tmp_path / "findings.parquet")
    again = placed(file.read(tmp_path / "findings.parquet"), manifest)
    first, second = (cases(None, one, manifest) for one in (found, again))
    assert [_rows(case) for case in first] == [_rows(case) for case in second]
    assert [c.tally for c in first] == [c.tally for c in second]
