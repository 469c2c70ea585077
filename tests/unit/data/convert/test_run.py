"""Whole or absent, gone on with or refused, and every failure told with what to do."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.core.errors import ConfigError, DataError
from frlib.core.safeio import DiskFullError
from frlib.data.convert import journal, run, stream
from frlib.data.convert.run import Options, convert, kept
from frlib.data.sinks import image_folder as sink
from frlib.data.sinks import parquet as parquet_sink
from frlib.data.sources import image_folder, parquet, synth
from tests.unit.data.convert.test_killed import files
from tests.unit.data.tiny_sets import people, rows, write_folder, write_parquet

EVERYONE = people(3, 1, 8)
OFTEN = Options(commit_images=2, memory=1)


class Stopped(BaseException):
    """As the user stops it: no code of the project expects this."""


@pytest.fixture
def source(tmp_path: Path) -> image_folder.Config:
    return image_folder.Config(path=str(write_folder(tmp_path / "faces", EVERYONE)))


@pytest.fixture
def target(tmp_path: Path) -> sink.Config:
    return sink.Config(path=str(tmp_path / "made"))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


class _StopsAt:
    """A watch that raises when `images` are written."""

    def __init__(self, images: int, error: BaseException) -> None:
        self.left, self.error = images, error
        self.begun: list[tuple[str, int, int]] = []

    def begin(self, what: str, total: int, done: int) -> None:
        self.begun.append((Path(what.split()[-1]).name, total, done))

    def advance(self, images: int) -> None:
        self.left -= images
        if self.left <= 0:
            raise self.error

    def end(self) -> None:
        pass


def _stop(source: Any, target: Any, store: Path, images: int = 7) -> None:
    with pytest.raises(Stopped):
        convert(source, target, store, OFTEN, _StopsAt(images, Stopped()))


def test_convert_when_done_then_the_files_and_counts_and_nothing_else(
    source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    done = convert(source, target, store)
    assert files(tmp_path / "made") == files(tmp_path / "faces")
    assert (done.images, done.identities, done.before, done.verified) == (12, 3, 0, True)
    assert done.bytes == sum(len(data) for _, _, data in rows(EVERYONE))
    assert done.target == tmp_path / "made"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["faces", "made", "store"]


def test_convert_when_the_target_lies_in_a_folder_to_come_then_it_is_made(
    source: Any, store: Path, tmp_path: Path
) -> None:
    convert(source, sink.Config(path=str(tmp_path / "a" / "b" / "c")), store)
    assert files(tmp_path / "a" / "b" / "c") == files(tmp_path / "faces")


def test_convert_when_stopped_then_the_target_is_absent_and_the_next_goes_on(
    source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    assert kept(tmp_path / "made") == 0
    _stop(source, target, store)
    assert not (tmp_path / "made").exists()
    assert kept(tmp_path / "made") == 6
    watch = _StopsAt(10**6, Stopped())
    done = convert(source, target, store, OFTEN, watch)
    assert (done.before, done.images) == (6, 12)
    assert done.bytes == sum(len(data) for _, _, data in rows(EVERYONE))
    assert watch.begun[0] == ("made", 12, 6)
    assert files(tmp_path / "made") == files(tmp_path / "faces")


def test_convert_when_restarted_then_from_the_first_image(
    source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    _stop(source, target, store)
    (tmp_path / ".made.convert" / "set" / "stray").touch()
    done = convert(source, target, store, Options(restart=True))
    assert done.before == 0
    assert files(tmp_path / "made") == files(tmp_path / "faces")


def test_convert_when_the_source_changed_then_refused_until_restarted(
    source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    _stop(source, target, store)
    (tmp_path / "faces" / "p00" / "new.jpg").write_bytes(EVERYONE["p01"]["0.jpg"])
    with pytest.raises(
        DataError, match=r"6 images so far, .*source's content .* changed\. .*--restart"
    ):
        convert(source, target, store)
    assert convert(source, target, store, Options(restart=True)).images == 13


def test_convert_when_the_source_moved_with_its_content_then_goes_on(
    source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    _stop(source, target, store)
    (tmp_path / "faces").rename(tmp_path / "elsewhere")
    moved = image_folder.Config(path=str(tmp_path / "elsewhere"))
    assert convert(moved, target, store).before == 6


def test_convert_when_the_settings_changed_then_refused_with_both(
    source: Any, store: Path, tmp_path: Path
) -> None:
    path = str(tmp_path / "made")
    _stop(source, parquet_sink.Config(path=path, rows=2), store)
    with pytest.raises(DataError, match=r'"rows":2.*now .*"rows":3.*--restart'):
        convert(source, parquet_sink.Config(path=path, rows=3), store)


def test_convert_when_the_target_exists_then_refused_and_unchanged(
    source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    (tmp_path / "made").write_text("mine")
    with pytest.raises(DataError, match=r"made exists; expected a path where nothing is"):
        convert(source, target, store, Options(restart=True))
    assert (tmp_path / "made").read_text() == "mine"


def test_convert_when_stopped_after_the_renaming_then_the_next_says_it_is_done(
    source: Any, target: Any, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: Any) -> None:
        raise Stopped

    with monkeypatch.context() as patched, pytest.raises(Stopped):
        patched.setattr(run._Conversion, "_tidy", stop)
        convert(source, target, store)
    assert (tmp_path / ".made.convert").exists()
    done = convert(source, target, store)
    assert (done.before, done.images, done.verified) == (12, 12, True)
    assert files(tmp_path / "made") == files(tmp_path / "faces")
    assert not (tmp_path / ".made.convert").exists()


def test_convert_when_stopped_in_the_last_step_then_the_next_tidies_up_and_says_it_exists(
    source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    convert(source, target, store)
    (tmp_path / ".made.convert").mkdir()
    (tmp_path / ".made.convert" / "convert.lock").touch()
    with pytest.raises(DataError, match=r"made exists; .* that is there is whole"):
        convert(source, target, store)
    assert not (tmp_path / ".made.convert").exists()


@pytest.mark.parametrize("what", ["set", "journal.json"])
def test_convert_when_half_of_what_was_kept_is_gone_then_from_the_first_image(
    what: str, source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    _stop(source, target, store)
    gone = tmp_path / ".made.convert" / what
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    assert convert(source, target, store).before == 0
    assert files(tmp_path / "made") == files(tmp_path / "faces")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 99}', "null"])
def test_convert_when_the_journal_is_damaged_then_error_says_how_to_go_on(
    text: str, source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    _stop(source, target, store)
    (tmp_path / ".made.convert" / "journal.json").write_text(text)
    with pytest.raises(DataError, match=r"journal\.json.*Start over with --restart"):
        convert(source, target, store)
    assert convert(source, target, store, Options(restart=True)).images == 12


def test_convert_when_an_image_changed_unseen_then_error_names_it(
    source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    _stop(source, target, store)
    path = tmp_path / "faces" / "p02" / "7.jpg"
    stat = path.stat()
    path.write_bytes(bytes(reversed(path.read_bytes())))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(DataError, match=r"faces: p02/7\.jpg: .* checksum .*; the scan found"):
        convert(source, target, store)
    assert not (tmp_path / "made").exists()
    assert kept(tmp_path / "made") >= 6


def test_convert_when_an_image_is_empty_then_error_names_it(
    source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    (tmp_path / "faces" / "p01" / "0.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"p01/0\.jpg: 0 bytes; expected an encoded image"):
        convert(source, target, store)


def test_convert_when_the_disk_has_too_little_room_then_error_before_writing(
    source: Any, target: Any, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DiskFullError, match=r"0\.0 GB free; 12 images of about .* need 0\.1 GB"):
        convert(source, target, store)
    assert not list((tmp_path / ".made.convert" / "set").iterdir())


def test_convert_when_the_disk_fills_up_then_error_and_the_next_goes_on(
    source: Any, target: Any, store: Path, tmp_path: Path
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(DiskFullError, match=r"the disk is full; what was committed is kept"):
        convert(source, target, store, OFTEN, _StopsAt(7, full))
    assert convert(source, target, store).before == 6


def test_convert_when_another_system_error_then_it_is_not_called_a_full_disk(
    source: Any, target: Any, store: Path
) -> None:
    with pytest.raises(PermissionError):
        convert(source, target, store, OFTEN, _StopsAt(7, PermissionError(errno.EACCES, "no")))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda path: path.write_bytes(b"\xff\xd8\xff other"),
            "1 images not read back, first 'p02/3.jpg'",
        ),
        (lambda path: path.unlink(), "11 images read back; expected 12"),
        (lambda path: path.rename(path.parent.parent / "p00" / "x.jpg"), "1 images not read back"),
        (lambda path: path.parent.rename(path.parent.parent / "p99"), "1 identities missing"),
    ],
)
def test_convert_when_the_written_set_is_not_the_same_then_error_and_no_target(
    spoil: Any,
    message: str,
    source: Any,
    target: Any,
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finish = sink._FolderSink.finish

    def finish_badly(self: Any) -> None:
        finish(self)
        spoil(tmp_path / ".made.convert" / "set" / "p02" / "3.jpg")

    monkeypatch.setattr(sink._FolderSink, "finish", finish_badly)
    with pytest.raises(DataError, match=rf"{message}.*--restart"):
        convert(source, target, store)
    assert not (tmp_path / "made").exists()
    assert convert(source, target, store, Options(verify=False)).verified is False


def test_convert_when_a_source_makes_its_images_then_refused(store: Path, target: Any) -> None:
    made = synth.Config.parse({"identities": 3})
    with pytest.raises(ConfigError, match="source synth: makes its images"):
        convert(made, target, store)


def test_convert_when_two_identities_would_be_one_folder_then_error_before_writing(
    target: Any, store: Path, tmp_path: Path
) -> None:
    odd = {"a/b": EVERYONE["p00"], "a%2Fb": EVERYONE["p01"]}
    path = write_parquet(tmp_path / "set.parquet", odd)
    with pytest.raises(DataError, match="would both be stored as 'a%2Fb'"):
        convert(parquet.Config(path=str(path)), target, store)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["set.parquet", "store"]


def test_batches_when_the_source_is_shuffled_then_rows_in_order_and_files_read_forwards(
    tmp_path: Path, store: Path
) -> None:
    config = parquet.Config(path=str(write_parquet(tmp_path / "set.parquet", EVERYONE)))
    manifest = run.catalog.scan(config, store)
    reader = parquet.open_reader(config)
    asked: list[int] = []

    class Noting:
        colour = "RGB"
        images = reader.images
        where = reader.where

        def read(self, ref: int) -> bytes:
            asked.append(ref)
            return reader.read(ref)

    got = [item for batch in stream.batches(manifest, [Noting()], 2, 600) for item in batch]
    assert [item.id for item in got] == manifest.ids[2:].tolist()
    assert [item.label for item in got] == manifest.labels[2:].tolist()
    assert asked == sorted(manifest.refs[2:].tolist())


def test_mean_bytes_when_the_set_is_small_then_of_all_its_images(source: Any, store: Path) -> None:
    manifest = run.catalog.scan(source, store)
    mean = stream.mean_bytes(manifest, run.byte_readers(manifest))
    assert mean == pytest.approx(np.mean([len(data) for _, _, data in rows(EVERYONE)]), rel=0.05)


def test_begun_when_the_journal_is_new_then_it_is_kept(tmp_path: Path) -> None:
    new = journal.Journal(source="a", target="{}")
    assert journal.begun(tmp_path / "journal.json", new) == new
    assert journal.load(tmp_path / "journal.json") == new
