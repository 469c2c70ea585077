"""Joining: byte for byte the file of all rows, whatever the parts; parts that do not fit."""

from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data.texts import texts
from frlib.evaluate import features
from frlib.evaluate.features import Features
from frlib.evaluate.joined import joined

COUNT, WIDTH = 70, 12
ABOUT = {"digest": "ab", "images": "cd"}


def _whole() -> Features:
    views = np.random.default_rng(1).normal(0, 5, (2, COUNT, WIDTH)).astype(np.float32)
    return Features(texts([f"i{n:03d}" for n in range(COUNT)]), views[0], views[1], ABOUT)


def _parts(folder: Path, whole: Features, cuts: list[int], *, exact: bool = False) -> list[Path]:
    paths = []
    for start, end in zip([0, *cuts], [*cuts, COUNT], strict=True):
        paths.append(folder / f"{start:03d}.arrow")
        whole.take(np.arange(start, end)).save(paths[-1], exact=exact)
    return paths


@pytest.mark.parametrize("exact", [False, True], ids=["rounded", "exact"])
@pytest.mark.parametrize("cuts", [[], [16, 32, 48], [5, 6, 40], [30]], ids=str)
def test_joined_when_parts_are_cut_anywhere_then_the_bytes_of_one_file(
    cuts: list[int], exact: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "ROWS", 16)
    whole = _whole()
    whole.save(tmp_path / "one.arrow", exact=exact)
    joined(_parts(tmp_path, whole, cuts, exact=exact), tmp_path / "all.arrow", ABOUT)
    assert (tmp_path / "all.arrow").read_bytes() == (tmp_path / "one.arrow").read_bytes()
    assert np.array_equal(
        features.load(tmp_path / "all.arrow").plain, features.load(tmp_path / "one.arrow").plain
    )


def test_joined_when_there_is_one_view_then_there_is_one_in_the_result(tmp_path: Path) -> None:
    whole = _whole()
    plain = Features(whole.ids, whole.plain, None, ABOUT)
    joined(_parts(tmp_path, plain, [9]), tmp_path / "all.arrow", {"about": "other"})
    found = features.load(tmp_path / "all.arrow")
    assert found.mirrored is None and found.about == {"about": "other", "stored": features.ROUNDED}


def test_joined_when_parts_do_not_fit_then_says_which(tmp_path: Path) -> None:
    whole = _whole()
    first, second = _parts(tmp_path, whole, [30])
    narrow = Features(whole.ids[:3], whole.plain[:3, :5], whole.plain[:3, :5], ABOUT)
    narrow.save(tmp_path / "narrow.arrow")
    out = tmp_path / "all.arrow"
    with pytest.raises(DataError, match=r"narrow\.arrow: columns"):
        joined([first, tmp_path / "narrow.arrow"], out, ABOUT)
    whole.take(np.arange(3)).save(tmp_path / "exact.arrow", exact=True)
    with pytest.raises(DataError, match=r"exact\.arrow: columns"):
        joined([first, tmp_path / "exact.arrow"], out, ABOUT)
    with pytest.raises(DataError, match="30 ids are in several parts, first 'i000'"):
        joined([first, second, first], out, ABOUT)
    with pytest.raises(DataError, match="no parts"):
        joined([], out, ABOUT)
    with pytest.raises(DataError, match="does not exist"):
        joined([tmp_path / "gone.arrow"], out, ABOUT)
    second.write_bytes(second.read_bytes()[:-9])
    with pytest.raises(DataError, match="cut off"):
        joined([first, second], out, ABOUT)
    assert not out.exists()
