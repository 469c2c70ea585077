"""Findings: their file, what is refused, and what a verdict cannot be."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.cleaning import findings
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core.errors import DataError, NumericsError
from frlib.data.manifest import OUTLIER, UNKNOWN
from frlib.data.texts import texts
from tests.unit.cleaning.worlds import nothing

PEOPLE = ("Anna", "Émile/2 \n", "王 ,\"'", "n\u0000m", "null", "None")


def _found(**changes: Any) -> Findings:
    fields: dict[str, Any] = {
        "kind": "rule",
        "ids": texts(["a/1", "b/1", "c/1", "ü/ 4"]),
        "identities": ("ann", "bob", "cy"),
        "given": np.array([0, 1, 1, 2]),
        "is_flagged": np.array([False, True, True, False]),
        "proposed": np.array([NO_PROPOSAL, 0, NO_PROPOSAL, NO_PROPOSAL]),
        "suspicion": np.array([0.0, 1.0, 0.75, 0.125]),
        "facts": {"threshold": 0.5, "counts": [1, 2]},
        "true": np.array([0, UNKNOWN, OUTLIER, 2]),
    }
    return Findings(**fields | changes)


def _again(found: Findings, folder: Path) -> Findings:
    findings.write(found, folder / "findings.parquet")
    return findings.read(folder / "findings.parquet")


def _named(found: Findings, labels: np.ndarray) -> list[str]:
    return [found.identities[n] if n >= 0 else str(n) for n in labels.tolist()]


def _told(found: Findings) -> list[Any]:
    """Everything in words: independent of how people are numbered."""
    true = None if found.true is None else _named(found, found.true)
    given, proposed = _named(found, found.given), _named(found, found.proposed)
    columns = (found.is_flagged.tolist(), found.suspicion.tolist(), found.ids.tolist())
    return [found.kind, found.facts, given, proposed, true, *columns]


def test_read_when_written_then_the_same_verdicts_with_unknown_truth_and_outliers(
    tmp_path: Path,
) -> None:
    assert _told(_again(_found(), tmp_path)) == _told(_found())


def test_read_when_nothing_is_known_or_proposed_then_the_same(tmp_path: Path) -> None:
    silent = nothing("none", _found().ids, _found().identities, _found().given)
    again = _again(silent, tmp_path)
    assert _told(again) == _told(silent)
    assert again.true is None and not again.relabelled().any()


def test_read_when_names_are_odd_then_the_same(tmp_path: Path) -> None:
    numbers = np.arange(len(PEOPLE))
    found = _found(
        ids=texts([f"{name}/1.jpg" for name in PEOPLE]),
        identities=PEOPLE,
        given=numbers,
        is_flagged=np.ones(len(PEOPLE), dtype=bool),
        proposed=numbers[::-1].copy(),
        suspicion=np.ones(len(PEOPLE)),
        true=np.roll(numbers, 1),
    )
    assert _told(_again(found, tmp_path)) == _told(found)


def test_read_when_a_person_is_only_shown_or_proposed_then_keeps_the_name(tmp_path: Path) -> None:
    found = _found(given=np.array([2, 2, 2, 2]), true=np.array([1, 2, 2, 2]))
    again = _again(found, tmp_path)
    assert again.identities == ("ann", "bob", "cy")
    assert _told(again) == _told(found)


def test_read_when_a_person_without_a_class_is_shown_then_is_nobody_of_the_set(
    tmp_path: Path,
) -> None:
    again = _again(_found(true=np.array([3, 4, OUTLIER, 2])), tmp_path)
    assert again.true is not None and again.true.tolist()[:3] == [OUTLIER] * 3


@given(data=st.data())
def test_read_when_written_then_the_same_for_any_verdicts(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    count = data.draw(st.integers(1, 12))
    whole = st.lists(st.integers(0, 2), min_size=count, max_size=count)
    flags = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    proposed = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=count, max_size=count)))
    found = _found(
        ids=texts([f"{row}" for row in range(count)]),
        given=np.array(data.draw(whole)),
        is_flagged=flags,
        proposed=np.where(flags, proposed, NO_PROPOSAL),
        suspicion=np.array(data.draw(whole)) / 2,
        true=np.array(data.draw(whole)) - 2,
    )
    assert _told(_again(found, tmp_path_factory.mktemp("any"))) == _told(found)


def test_read_when_the_file_is_another_parquet_then_says_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"image": [1], "given": ["a"]}), path)
    with pytest.raises(DataError, match=r"other\.parquet: it has the columns image, given;"):
        findings.read(path)
    pq.write_table(findings.table(_found()).replace_schema_metadata({}), path)
    with pytest.raises(DataError, match="frlib denoise import"):
        findings.read(path)


@pytest.mark.parametrize("keep", [0, 4, 100, -1], ids=lambda keep: f"{keep} bytes")
def test_read_when_the_file_is_truncated_then_refuses(keep: int, tmp_path: Path) -> None:
    path = tmp_path / "findings.parquet"
    findings.write(_found(), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match="no findings can be read from it"):
        findings.read(path)


def test_read_when_the_file_is_text_or_missing_then_refuses(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a/1 0\n")
    for name in ("list.txt", "gone.parquet"):
        with pytest.raises(DataError, match=rf"{name}: no findings can be read from it"):
            findings.read(tmp_path / name)


def test_read_when_a_sample_is_given_as_nobody_then_refuses(tmp_path: Path) -> None:
    table = findings.table(_found())
    path, at = tmp_path / "odd.parquet", table.column_names.index("given")
    pq.write_table(table.set_column(at, "given", pa.array(["ann", None, "bob", "cy"])), path)
    with pytest.raises(DataError, match=r"'b/1' has the given label -2; expected one from 0 to 2"):
        findings.read(path)


def test_read_when_a_name_is_damaged_then_refuses(tmp_path: Path) -> None:
    path = tmp_path / "findings.parquet"
    table = findings.table(_found())
    pq.write_table(table, path, compression="none")
    path.write_bytes(
        path.read_bytes().replace(b"\x03\x00\x00\x00ann", b"\x03\x00\x00\x00a\xff\xff")
    )
    with pytest.raises(DataError, match="no findings can be read from it"):
        findings.read(path)


def test_read_when_a_flag_is_missing_then_refuses(tmp_path: Path) -> None:
    table = findings.table(_found())
    path, at = tmp_path / "odd.parquet", table.column_names.index("flagged")
    pq.write_table(table.set_column(at, "flagged", pa.array([True, None, True, False])), path)
    with pytest.raises(DataError, match="1 samples are neither flagged nor not"):
        findings.read(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"given": np.array([0, 1])}, r"4 samples, but columns of shapes \(2,\)"),
        ({"given": np.array([0, 1, 3, 1])}, r"'c/1' has the given label 3; expected one from 0"),
        ({"proposed": np.array([1, 0, -1, -1])}, r"'a/1' has the proposal 1, flagged: False"),
        ({"proposed": np.array([-1, 3, -1, -1])}, r"'b/1' has the proposal 3, flagged: True"),
        ({"proposed": np.array([-1, -2, -1, -1])}, r"'b/1' has the proposal -2"),
    ],
    ids=str,
)
def test_findings_when_columns_contradict_each_other_then_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        _found(**changes)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_findings_when_a_suspicion_is_not_finite_then_names_the_sample(value: float) -> None:
    with pytest.raises(NumericsError, match=r"suspicion of 2 samples is not finite, first 'b/1'"):
        _found(suspicion=np.array([0, value, value, 0]))


def test_take_when_some_rows_are_meant_then_all_columns_follow() -> None:
    part = _found().take(np.array([2, 1]))
    assert part.ids.tolist() == ["c/1", "b/1"] and part.relabelled().tolist() == [False, True]
    assert part.true is not None and part.true.tolist() == [OUTLIER, UNKNOWN]
    assert part.suspicion.tolist() == [0.75, 1.0] and part.given.tolist() == [1, 1]


@pytest.mark.parametrize("about", [b"{", b"{}", b"[]"])
def test_read_when_what_it_says_of_itself_is_damaged_then_refuses(
    about: bytes, tmp_path: Path
) -> None:
    findings.write(_found(), tmp_path / "f.parquet")
    rows = pq.read_table(tmp_path / "f.parquet")
    told = {
        key: about if key.startswith(b"frlib") else value
        for key, value in rows.schema.metadata.items()
    }
    pq.write_table(rows.replace_schema_metadata(told), tmp_path / "f.parquet")
    with pytest.raises(DataError, match="no findings can be read from it"):
        findings.read(tmp_path / "f.parquet")


def test_read_when_flags_are_numbers_then_refuses(tmp_path: Path) -> None:
    findings.write(_found(), tmp_path / "f.parquet")
    rows = pq.read_table(tmp_path / "f.parquet")
    at = rows.column_names.index("flagged")
    rows = rows.set_column(at, "flagged", rows["flagged"].cast(pa.int8()))
    pq.write_table(rows, tmp_path / "f.parquet")
    with pytest.raises(DataError, match="column of type int8"):
        findings.read(tmp_path / "f.parquet")
