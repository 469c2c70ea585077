"""Lists of other origin as findings: which sample a line means, and which person a label."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.cleaning import imported
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.cleaning.imported import Like
from frlib.cleaning.lists import Form, Listed
from frlib.core.errors import ConfigError, DataError
from frlib.data.texts import texts

NAMES = ("ann", "bob", "cat")
IDS = ["ann/0.jpg", "ann/1.jpg", "bob/0.jpg", "open:x/9.jpg"]


def _like(ids: list[str] | None = None, names: tuple[str, ...] = NAMES) -> Like:
    true = np.array([0, 1, 1, -1])
    return Like(ids=texts(ids or IDS), identities=names, given=np.array([0, 0, 1, 2]), true=true)


def _listed(samples: list[str], proposed: list[str] | None = None, **fields: Any) -> Listed:
    form: Form = fields.pop("form", "drop" if proposed is None else "relabel")
    return Listed(
        file=Path("list.txt"),
        form=form,
        samples=samples,
        proposed=proposed or [""] * len(samples),
        given=fields.pop("given", None),
        suspicion=fields.pop("suspicion", [1.0] * len(samples)),
    )


def _verdicts(found: Findings) -> list[tuple[bool, int, float]]:
    columns = (found.is_flagged, found.proposed, found.suspicion)
    return list(zip(*(column.tolist() for column in columns), strict=True))


CLEAR, DROP = (False, NO_PROPOSAL, 0.0), (True, NO_PROPOSAL, 1.0)


def test_findings_when_labels_are_names_or_numbers_then_the_same() -> None:
    by_name = imported.findings(_listed(["ann/1.jpg"], ["bob"]), _like())
    by_number = imported.findings(_listed(["ann/1.jpg"], ["1"]), _like())
    assert _verdicts(by_name) == _verdicts(by_number) == [CLEAR, (True, 1, 1.0), CLEAR, CLEAR]
    assert by_name.kind == "imported"
    assert by_name.true is not None and by_name.true.tolist() == [0, 1, 1, -1]
    assert by_name.given.tolist() == [0, 0, 1, 2]


def test_findings_when_nothing_is_proposed_then_flagged_without_a_proposal() -> None:
    found = imported.findings(_listed(["bob/0.jpg"]), _like())
    assert _verdicts(found) == [CLEAR, CLEAR, DROP, CLEAR]


def test_findings_when_the_list_is_empty_then_nobody_is_flagged() -> None:
    assert _verdicts(imported.findings(_listed([]), _like())) == [CLEAR] * 4


def test_findings_when_the_proposal_is_the_given_label_then_it_is_none() -> None:
    found = imported.findings(_listed(["ann/0.jpg", "ann/1.jpg"], ["0", "1"]), _like())
    assert _verdicts(found) == [CLEAR, (True, 1, 1.0), CLEAR, CLEAR]
    assert found.facts["as_given"] == 1


def test_findings_when_named_more_than_once_then_the_last_line_counts() -> None:
    found = imported.findings(_listed(["ann/1.jpg"] * 3, ["2", "1", "2"]), _like())
    assert _verdicts(found)[1] == (True, 2, 1.0)
    cleared = imported.findings(_listed(["ann/1.jpg"] * 2, ["2", "0"]), _like())
    assert _verdicts(cleared) == [CLEAR] * 4
    assert (found.facts["lines"], found.facts["samples"]) == (3, 1)


@pytest.mark.parametrize(
    ("written", "row"),
    [
        ("/data/faces/ann/1.jpg", 1),
        ("ann\\1.jpg", 1),
        ("/data/faces/x/9.jpg", 3),
        ("open:x/9.jpg", 3),
    ],
)
def test_findings_when_paths_are_of_another_machine_then_found(written: str, row: int) -> None:
    found = imported.findings(_listed([written]), _like(), was="/data/faces/")
    assert np.flatnonzero(found.is_flagged).tolist() == [row]


def test_findings_when_keys_of_records_then_found_by_eight_digits_with_their_suspicion() -> None:
    like = _like(["00000001", "00000002", "00000012", "00000013"], ("00000000", "00000001", "x"))
    listed = _listed(["12", "2"], form="unequal", given=["1", "0"], suspicion=[0.75, 0.5])
    found = imported.findings(listed, like)
    assert _verdicts(found) == [
        CLEAR,
        (True, NO_PROPOSAL, 0.5),
        (True, NO_PROPOSAL, 0.75),
        CLEAR,
    ]


def test_findings_when_records_have_another_label_then_error_names_key_and_person() -> None:
    like = _like(["00000001", "00000002", "00000003", "00000004"])
    listed = _listed(["2", "3"], form="unequal", given=["2", "1"])
    with pytest.raises(DataError, match=r"key 2 has label 2, here 'ann' \(1 such\)"):
        imported.findings(listed, like)


def test_findings_when_samples_are_unknown_then_error_names_five_and_shows_ids() -> None:
    listed = _listed([f"z/{n}.jpg" for n in range(7)] + ["ann/0.jpg"])
    with pytest.raises(DataError) as caught:
        imported.findings(listed, _like())
    said = str(caught.value)
    assert "7 of 8 samples are not in this set" in said
    assert "'z/4.jpg'; ids here look like 'ann/0.jpg', 'ann/1.jpg'" in said
    assert "z/5" not in said
    assert "--was" in said


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("3", "no numbers of this set, first '3'; expected one of its 3 people.* from 0 to 2"),
        ("bobb", "no names of this set, first 'bobb'"),
        ("-1", "no names of this set, first '-1'"),
    ],
)
def test_findings_when_a_label_is_nobody_then_error(label: str, message: str) -> None:
    listed = _listed(["ann/0.jpg"] * 2, ["0" if label == "3" else "bob", label])
    with pytest.raises(DataError, match=message):
        imported.findings(listed, _like())


def test_findings_when_labels_could_be_both_then_asks_which() -> None:
    like = _like(names=("0", "1", "10"))
    same = imported.findings(_listed(["ann/0.jpg"], ["1"]), like)
    assert same.proposed[0] == 1
    like = _like(names=("1", "10", "2"))
    listed = _listed(["ann/1.jpg"], ["1"])
    with pytest.raises(ConfigError, match=r"'1' is the name of class 0, and the number of '10'"):
        imported.findings(listed, like)
    assert not imported.findings(listed, like, labels="names").is_flagged.any()
    assert imported.findings(listed, like, labels="numbers").proposed[1] == 1


def test_findings_when_numbers_are_longer_than_any_then_they_are_unknown() -> None:
    with pytest.raises(DataError, match="are not in this set"):
        imported.findings(_listed(["9" * 5000]), _like())
