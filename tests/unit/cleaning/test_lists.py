"""Lists as text: BoundaryFace's epoch by epoch, and every form that is read."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from frlib.cleaning import lists
from frlib.cleaning.evidence import Course, Evidence, Truth
from frlib.core.errors import ConfigError, DataError
from frlib.data.texts import texts


def _evidence(ids: list[str] | None = None, kind: str = "boundary") -> Evidence:
    ids = ids or ["a/0.jpg", "a/1 b.jpg", "b/0.jpg"]
    return Evidence(
        ids=texts(ids),
        identities=("a", "b,c", "d"),
        given=np.array([0, 0, 1]),
        truth=Truth(true=np.array([0, 1, 1]), kinds=np.array([0, 1, 0], dtype=np.int8)),
        course=Course(
            kind=kind,
            epochs=3,
            epoch=np.array([2, 2, 0, 0]),
            row=np.array([2, 1, 2, 0]),
            proposed=np.array([0, 1, 2, 2]),
            score=np.array([0.1, 0.2, 0.3, 0.4]),
        ),
    )


def _read(tmp_path: Path, text: str, name: str = "list.txt", **how: str) -> lists.Listed:
    path = tmp_path / name
    path.write_text(text)
    return lists.read(path, **how)


def test_write_when_decisions_are_there_then_a_file_an_epoch_by_row(tmp_path: Path) -> None:
    written = lists.write(_evidence(), tmp_path / "out")
    assert [path.name for path in written] == ["epoch_00.txt", "epoch_01.txt", "epoch_02.txt"]
    told = [path.read_text() for path in written]
    assert told == ["a/0.jpg\t2\nb/0.jpg\t2\n", "", "a/1 b.jpg\t1\nb/0.jpg\t0\n"]
    assert (tmp_path / "out/classes.csv").read_text() == 'label,name\n0,a\n1,"b,c"\n2,d\n'
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_write_when_epochs_are_many_then_names_sort_by_epoch(tmp_path: Path) -> None:
    seen = _evidence()
    course = replace(seen.course, epochs=101)
    written = lists.write(replace(seen, course=course), tmp_path / "out")
    assert written[-1].name == "epoch_100.txt"
    assert written == sorted(written)


def test_write_when_the_head_takes_no_decisions_then_error_says_what_to_train(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match=r"took no decisions.*head=boundary"):
        lists.write(_evidence(kind=""), tmp_path / "out")


def test_write_when_the_folder_exists_then_error_and_it_stays(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="exists"):
        lists.write(_evidence(), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a\tb.jpg", " a.jpg", "a\nb.jpg"])
def test_write_when_an_id_fits_in_no_line_then_error_and_nothing_is_left(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="would be read as another one"):
        lists.write(_evidence(["x", name, "y"]), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_read_when_written_by_us_then_the_same_lines(tmp_path: Path) -> None:
    *_, last = lists.write(_evidence(), tmp_path / "out")
    found = lists.read(last)
    assert found.form == "relabel"
    assert found.samples == ["a/1 b.jpg", "b/0.jpg"]
    assert found.proposed == ["1", "0"]
    assert found.given is None
    assert found.suspicion == [1.0, 1.0]


def test_read_when_an_epoch_had_no_decision_then_no_line(tmp_path: Path) -> None:
    assert not len(_read(tmp_path, ""))


@pytest.mark.parametrize(
    ("text", "form", "samples", "proposed"),
    [
        ("a b/0.jpg\t12\n\nc/1.jpg\tTom Hanks\n", "relabel", ["a b/0.jpg", "c/1.jpg"], None),
        ("/a b/0.jpg  12\r\n/c/1.jpg   7\r\n", "relabel", ["/a b/0.jpg", "/c/1.jpg"], ["12", "7"]),
        ("a b/0.jpg\nc 7\n", "drop", ["a b/0.jpg", "c 7"], ["", ""]),
        ("3 17 0.004 5.5e-05\n9\t18\t1e-3\t0\n", "unequal", ["17", "18"], ["", ""]),
    ],
)
def test_read_when_a_form_is_looked_at_then_told_by_its_lines(
    text: str, form: str, samples: list[str], proposed: list[str] | None, tmp_path: Path
) -> None:
    found = _read(tmp_path, text)
    assert (found.form, found.samples) == (form, samples)
    assert found.proposed == (proposed or ["12", "Tom Hanks"])


def test_read_when_unequal_then_suspicion_is_what_the_largest_probability_leaves(
    tmp_path: Path,
) -> None:
    found = _read(tmp_path, "3 17 0.25 5.5e-05\n")
    assert found.given == ["3"]
    assert found.suspicion == [0.75]


def test_read_when_csv_then_columns_by_name(tmp_path: Path) -> None:
    text = 'proposed,why,sample\nb,"x, y",a/0.jpg\n,,"c,d.jpg"\n'
    found = _read(tmp_path, text, "l.csv")
    assert (found.form, found.samples, found.proposed) == (
        "csv",
        ["a/0.jpg", "c,d.jpg"],
        ["b", ""],
    )
    assert _read(tmp_path, "sample\na\n", "l.txt", form="csv").proposed == [""]


def test_read_when_a_line_is_of_another_form_then_error_names_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 3: 'c'; expected path, tab, label .*--form"):
        _read(tmp_path, "a\t1\n\nc\n")


def test_read_when_the_form_is_named_then_it_holds(tmp_path: Path) -> None:
    found = _read(tmp_path, "a  1\n", form="drop")
    assert found.samples == ["a  1"]


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("path,label\na,1\n", "l.csv", "the columns are path, label; expected .* column sample"),
        (None, "gone.txt", "cannot be read"),
    ],
)
def test_read_when_it_cannot_be_then_error_says_what_was_expected(
    text: str | None, name: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        lists.read(tmp_path / name) if text is None else _read(tmp_path, text, name)


def test_read_when_a_field_of_a_csv_is_too_long_then_error_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"list\.csv, line \d: field larger"):
        _read(tmp_path, "sample,proposed\n" + "x" * 200_000 + ",ann\n", "list.csv")
