from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import RecordError
from frlib.records import first_epochs, layout
from frlib.records.write import RunWriter

ARM = "0123456789abcdef"


def _attempt(folder: Path, seed: int = 0) -> RunWriter:
    return RunWriter(folder, study="s", arm=ARM, seed=seed)


def _decide(writer: RunWriter, epoch: int, score: float) -> None:
    one = np.array([1])
    writer.decisions(
        ["x"], epoch=epoch, kind="k", given=one, proposed=one, score=[score], true=[-1]
    )


@pytest.fixture
def replicate(tmp_path: Path) -> Path:
    """Two attempts: the second goes on inside epoch 2, and another seed is beside them."""
    with _attempt(tmp_path) as first:
        first.log({"loss": 3.0}, epoch=1, step=4)
        first.log({"point": 1.0, "energy/joules": 9.0}, epoch=2, step=5)
        _decide(first, 0, 0.1)
        first.log({"point": 2.0}, epoch=2, step=6)
    with _attempt(tmp_path) as second:
        second.log({"loss": 3.5}, epoch=1, step=4)
        second.log({"point": 2.5}, epoch=2, step=6)
        second.log({"loss": 2.0}, epoch=2, step=8)
        _decide(second, 1, 0.2)
        second.log({"loss": 1.0}, epoch=3, step=12)
        _decide(second, 2, 0.3)
    with _attempt(tmp_path, seed=1) as other:
        other.log({"loss": 7.0}, epoch=1, step=4)
    return layout.arm_folder(tmp_path, ARM) / "r0"


def test_gather_when_attempts_overlap_then_the_later_one_counts(replicate: Path) -> None:
    found = first_epochs.gather(replicate, 2)
    names = ("epoch", "step", "name", "value")
    rows = [tuple(row[name] for name in names) for row in found["metrics"].to_pylist()]
    assert rows == [
        (2, 5, "point", 1.0),
        (1, 4, "loss", 3.5),
        (2, 6, "point", 2.5),
        (2, 8, "loss", 2.0),
    ]
    scores = [(row["epoch"], row["score"]) for row in found["decisions"].to_pylist()]
    assert scores == [(0, pytest.approx(0.1)), (1, pytest.approx(0.2))]


def test_gather_when_nothing_is_recorded_then_has_no_rows(tmp_path: Path) -> None:
    found = first_epochs.gather(tmp_path / "arms" / ARM / "r0", 2)
    assert {name: len(rows) for name, rows in found.items()} == {"metrics": 0, "decisions": 0}


def test_read_when_written_then_is_the_same(replicate: Path, tmp_path: Path) -> None:
    found = first_epochs.gather(replicate, 3)
    first_epochs.write(found, tmp_path / "kept")
    again = first_epochs.read(tmp_path / "kept")
    assert again.keys() == found.keys() and all(again[name].equals(found[name]) for name in found)
    (tmp_path / "kept" / "decisions.parquet").unlink()
    with pytest.raises(RecordError, match=r"decisions\.parquet"):
        first_epochs.read(tmp_path / "kept")


def test_adopt_when_rows_are_of_another_run_then_they_keep_their_times(
    replicate: Path, tmp_path: Path
) -> None:
    found = first_epochs.gather(replicate, 1)
    with RunWriter(tmp_path / "other", study="t", arm=ARM, seed=0) as writer:
        for name, rows in found.items():
            writer.adopt(name, rows)
    again = first_epochs.gather(layout.arm_folder(tmp_path / "other", ARM) / "r0", 1)
    assert all(again[name].equals(found[name]) for name in found)
