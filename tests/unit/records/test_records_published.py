from pathlib import Path

import pytest

from frlib.core.errors import RecordError
from frlib.records import published

CSV = Path(__file__).parents[3] / "studies" / "published" / "boundaryface.csv"


def test_published_when_read_then_value_and_origin_are_the_documents() -> None:
    frame = published.load(CSV)
    row = frame[
        (frame["table"] == "retrain-closed-20")
        & (frame["method"] == "BoundaryFace")
        & (frame["benchmark"] == "LFW")
    ].iloc[0]
    assert row["value"] == 99.25
    assert row["ratio"] == pytest.approx(0.9925, abs=1e-12)
    assert (row["printed"], row["digits"]) == ("99.25", 2)
    assert row["origin"] == "BoundaryFace README, table retrain-closed-20, trained on CASIA-WebFace"
    assert len(frame) == 406


def test_published_when_a_value_is_no_number_then_the_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("source,train_set,benchmark,metric,value\nA,B,LFW,accuracy,high\n")
    with pytest.raises(RecordError, match=r"p\.csv, line 2: 'high' is not a number"):
        published.load(path)


def test_published_when_a_column_is_missing_then_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("source,benchmark,metric,value\nA,LFW,accuracy,99\n")
    with pytest.raises(RecordError, match="lacks the columns train_set"):
        published.load(path)


def test_published_when_a_line_is_short_then_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("source,train_set,benchmark,metric,value\nA,B,LFW\n")
    with pytest.raises(RecordError, match=r"p\.csv, line 2: '' is not a number"):
        published.load(path)
