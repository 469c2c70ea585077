"""The truth of findings, from the table of `frlib noise make`."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frlib.cleaning import findings, truth
from frlib.cleaning.findings import Findings
from frlib.core.errors import DataError
from frlib.data.lab import truth_table
from frlib.data.manifest import CLEAN, CLOSED, OPEN, OUTLIER, UNKNOWN, Manifest
from tests.unit.cleaning.worlds import nothing
from tests.unit.data.tiny_sets import manifest


def _noisy() -> Manifest:
    own = manifest(2, 2, 1)
    return replace(
        own,
        labels=np.array([0, 1, 1, 1, 0]),
        true_labels=np.array([0, 0, OUTLIER, 3, UNKNOWN]),
        kinds=np.array([CLEAN, CLOSED, OPEN, OPEN, CLEAN], dtype=np.int8),
        others=("somebody",),
    )


def _found(noisy: Manifest) -> Findings:
    return nothing("rule", noisy.ids, noisy.identities, noisy.labels)


def test_read_when_written_by_noise_then_row_for_row_in_the_findings_numbers(
    tmp_path: Path,
) -> None:
    noisy = _noisy()
    truth_table.write(noisy, tmp_path / "truth.parquet")
    order = np.array([3, 1, 0, 4, 2])
    findings.write(_found(noisy).take(order), tmp_path / "f.parquet")
    found = findings.read(tmp_path / "f.parquet")
    true, kinds = truth.read(tmp_path / "truth.parquet", found)
    assert found.identities == ("p0000", "p0001")
    assert true.tolist() == [2, 0, 0, UNKNOWN, OUTLIER]
    assert kinds.tolist() == [OPEN, CLOSED, CLEAN, CLEAN, OPEN]


def test_read_when_a_sample_is_not_in_the_table_then_its_truth_is_unknown(tmp_path: Path) -> None:
    noisy = _noisy()
    truth_table.write(noisy.take(np.arange(2)), tmp_path / "truth.parquet")
    true, _ = truth.read(tmp_path / "truth.parquet", _found(noisy))
    assert true.tolist() == [0, 0, UNKNOWN, UNKNOWN, UNKNOWN]


def test_read_when_of_another_draw_then_error_names_the_sample(tmp_path: Path) -> None:
    noisy = _noisy()
    truth_table.write(noisy, tmp_path / "truth.parquet")
    other = replace(noisy, labels=np.array([0, 0, 1, 1, 0]))
    with pytest.raises(DataError, match=r"p0000/00001.jpg' was given 'p0001' there, 'p0000'"):
        truth.read(tmp_path / "truth.parquet", _found(other))


def test_read_when_of_another_set_then_error_shows_ids(tmp_path: Path) -> None:
    truth_table.write(_noisy(), tmp_path / "truth.parquet")
    other = manifest(1, 1, prefix="q")
    with pytest.raises(DataError, match=r"none of the 2 samples .* look like 'p0000/00000.jpg'"):
        truth.read(tmp_path / "truth.parquet", _found(other))


def test_read_when_no_truth_table_then_error_says_what_was_expected(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    found = _found(_noisy())
    with pytest.raises(DataError, match=r"columns a; expected a truth.parquet"):
        truth.read(tmp_path / "a.parquet", found)
    with pytest.raises(DataError, match="no truth can be read"):
        truth.read(tmp_path / "gone.parquet", found)


def test_read_when_a_row_is_of_another_kind_then_error_says_which_there_are(tmp_path: Path) -> None:
    path = tmp_path / "truth.parquet"
    truth_table.write(_noisy(), path)
    table = pq.read_table(path)
    for kind, told in (("swapped", "swapped"), (None, "None")):
        odd = pa.array([kind, *["clean"] * (len(table) - 1)], pa.string())
        pq.write_table(table.set_column(table.column_names.index("kind"), "kind", odd), path)
        with pytest.raises(DataError, match=f"of the kind '{told}'; expected clean, closed"):
            truth.read(path, _found(_noisy()))


def test_read_when_a_sample_is_there_twice_then_error_names_it(tmp_path: Path) -> None:
    noisy = _noisy()
    path = tmp_path / "truth.parquet"
    truth_table.write(noisy, path)
    rows = pq.read_table(path)
    pq.write_table(pa.concat_tables([rows, rows.slice(0, 1)]), path)
    with pytest.raises(DataError, match=rf"more than once, first '{noisy.ids[0]}'"):
        truth.read(path, _found(noisy))
