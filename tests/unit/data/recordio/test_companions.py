"""`property` and `.lst`."""

from pathlib import Path

import pytest

from frlib.core.errors import DataError
from frlib.data.recordio.companions import Listed, Property, read_list, read_property


def _write(root: Path, text: str) -> Path:
    path = root / "file"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", ["8,112,96\n", "8,112,96", "8,112,96\n5822653\n"])
def test_property_when_read_then_first_line(text: str, tmp_path: Path) -> None:
    assert read_property(_write(tmp_path, text)) == Property(8, 112, 96)
    assert Property(8, 112, 96).text() == "8,112,96\n"


@pytest.mark.parametrize("text", ["", "8,112\n", "8,112,112,3\n", "a,b,c\n"])
def test_property_when_damaged_then_error_shows_the_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"file, line 1: found .*expected classes,height,width"):
        read_property(_write(tmp_path, text))


def test_list_when_insightface_then_box_and_landmarks(tmp_path: Path) -> None:
    marks = "\t".join(str(number) for number in range(10))
    text = f"1\ta/b c.jpg\t0\n0\ta/d.jpg\t7\t1\t2\t3.5\t4\t{marks}\n"
    found = list(read_list(_write(tmp_path, text)))
    assert found == [
        Listed("a/b c.jpg", (0.0,), aligned=True),
        Listed("a/d.jpg", (7.0,), box=(1, 2, 3.5, 4), landmarks=tuple(map(float, range(10)))),
    ]
    assert "".join(line.text() for line in found) == text


def test_list_when_im2rec_then_key_and_labels(tmp_path: Path) -> None:
    text = "37\t5.000000\tid_005/007.jpg\n2\t1.000000\t0.500000\tx.jpg\n"
    found = list(read_list(_write(tmp_path, text)))
    assert found == [Listed("id_005/007.jpg", (5.0,), key=37), Listed("x.jpg", (1.0, 0.5), key=2)]
    assert "".join(line.text() for line in found) == text


@pytest.mark.parametrize("line", ["a", "1\ta.jpg", "x\t1.0\ta.jpg", "2\ta.jpg\t1", "1\ta\t0\t5"])
def test_list_when_damaged_then_error_gives_the_line(line: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="file, line 2: found"):
        list(read_list(_write(tmp_path, f"1\tgood.jpg\t0\n{line}\n")))


def test_companions_when_not_text_then_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="cannot be read as UTF-8"):
        read_property(tmp_path / "file")
