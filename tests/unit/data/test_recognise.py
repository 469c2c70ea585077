"""Which source a path is: told by its shape, and said when it is of none or of several."""

from pathlib import Path

import pytest

from frlib.core import discover
from frlib.core.errors import ConfigError
from frlib.data.recognise import recognise
from frlib.data.sources import arrow, image_folder, parquet, recordio, zip_shards
from tests.unit.data.tiny_sets import (
    people,
    write_arrow,
    write_folder,
    write_list,
    write_parquet,
    write_records,
    write_zips,
)

EVERYONE = people(2, 1)


def test_sources_when_they_have_a_path_then_can_recognise_it() -> None:
    for name in discover.choices("frlib.data.sources"):
        module = discover.load("frlib.data.sources", name)
        assert callable(getattr(module, "recognise", None)) == (
            "path" in module.Config.model_fields
        ), name


def test_recognise_when_a_folder_of_files_then_as_the_files(tmp_path: Path) -> None:
    write_parquet(tmp_path / "p" / "a.parquet", EVERYONE)
    write_arrow(tmp_path / "a" / "a.feather", EVERYONE)
    write_arrow(tmp_path / "s" / "a.arrow", EVERYONE, stream=True)
    write_zips(tmp_path / "z", EVERYONE)
    (tmp_path / "r").mkdir()
    write_records(tmp_path / "r", EVERYONE)
    found = {name: type(recognise(str(tmp_path / name))) for name in "paszr"}
    assert found == {
        "p": parquet.Config,
        "a": arrow.Config,
        "s": arrow.Config,
        "z": zip_shards.Config,
        "r": recordio.Config,
    }
    assert isinstance(recognise(str(tmp_path / "z" / "0_0.zip")), zip_shards.Config)
    assert isinstance(recognise(str(tmp_path / "r" / "train.rec")), recordio.Config)


def test_recognise_when_written_with_a_tilde_then_the_text_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_folder(tmp_path / "faces", EVERYONE)
    assert recognise("~/faces") == image_folder.Config(path="~/faces")


def test_recognise_when_two_kinds_lie_together_then_error_names_both(tmp_path: Path) -> None:
    write_folder(tmp_path, EVERYONE)
    write_parquet(tmp_path / "a.parquet", EVERYONE)
    with pytest.raises(ConfigError, match="could be image_folder or parquet"):
        recognise(str(tmp_path))


def test_recognise_when_no_kind_fits_then_error_shows_what_each_looks_like(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("nothing to see\n")
    for path in (tmp_path / "notes", tmp_path / "notes" / "a.txt"):
        with pytest.raises(ConfigError, match=r"one of\n(.|\n)*recordio: \.rec file, or folder"):
            recognise(str(path))


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.zip", "a.txt", "a.png"])
def test_recognise_when_the_name_promises_more_than_the_bytes_then_error(
    name: str, tmp_path: Path
) -> None:
    for data in (b"", b"something else"):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ConfigError, match="no known set of images"):
            recognise(str(tmp_path / name))


def test_recognise_when_nothing_is_there_then_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gone: no such file or folder"):
        recognise(str(tmp_path / "gone"))


def test_recognise_when_a_list_names_files_elsewhere_then_not_claimed(tmp_path: Path) -> None:
    path = write_list(tmp_path, EVERYONE)
    assert recognise(str(path)).name == "image_list"  # type: ignore[attr-defined]
    path.write_text("gone/0.jpg  p00\n")
    with pytest.raises(ConfigError, match="no known set"):
        recognise(str(path))
