"""`frlib data convert`: what is said, and the exit code."""

import sys
from pathlib import Path

import pytest

from frlib.cli.main import main
from frlib.data.convert import run
from frlib.data.pairsets import bin as bin_file
from tests.unit.data.tiny_sets import people, write_folder

EVERYONE = people(3, 2)


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_folder(tmp_path / "faces", EVERYONE)


def _run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["frlib", "data", "convert", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_convert_when_done_then_says_what_was_written_and_where(
    faces: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "faces", "out/faces.parquet", "--set", "to.rows=2") == 0
    said = capsys.readouterr().out
    assert "5 images of 2 identities" in said
    assert "written to out/faces.parquet; read back and equal" in said
    assert "images/s" in said
    assert len(list(Path("out/faces.parquet").iterdir())) == 3


def test_convert_when_back_without_reading_back_then_the_same_files(
    faces: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(monkeypatch, "faces", "f.parquet")
    assert _run(monkeypatch, "f.parquet", "back", "--to", "image_folder", "--no-verify") == 0
    assert "not read back" in capsys.readouterr().out
    assert Path("back/p00/1.jpg").read_bytes() == EVERYONE["p00"]["1.jpg"]


def test_convert_when_from_records_with_a_list_then_names_survive_unless_numbers_are_asked(
    faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(monkeypatch, "faces", "f.rec")
    assert _run(monkeypatch, "f.rec", "back", "--to", "image_folder") == 0
    assert sorted(p.name for p in Path("back").iterdir()) == ["p00", "p01"]
    words = ("--to", "image_folder", "--set", "from.ids=keys")
    assert _run(monkeypatch, "f.rec/train.rec", "numbers", *words) == 0
    assert sorted(p.name for p in Path("numbers").iterdir()) == ["00000000", "00000001"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("faces", "out"), 2, "out: its name does not say in which format to write; add --to"),
        (
            ("faces", "out", "--to", "parket"),
            2,
            "--to 'parket': no such format (did you mean 'parquet'",
        ),
        (("faces", "out", "--from", "folder"), 2, "--from 'folder': no such format"),
        (("faces", "s3://bucket/f.parquet"), 2, "written to a folder of this machine"),
        (("faces", "out.bin"), 2, "a format for pairs, but A is a set of identities"),
        (("faces", "f.parquet", "--set", "rows=3"), 2, "expected from.FIELD=VALUE for A or to."),
        (("faces", "f.parquet", "--set", "to.row=3"), 2, "did you mean 'rows'"),
        (("faces", "f.parquet", "--set", "to.rows=0"), 2, "rows"),
        (("faces", "faces", "--to", "image_folder"), 1, "faces exists"),
        (("gone", "f.parquet", "--from", "image_folder"), 1, "gone does not exist"),
    ],
)
def test_convert_when_called_wrongly_then_one_message_and_its_exit_code(
    words: tuple[str, ...],
    code: int,
    message: str,
    faces: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _run(monkeypatch, *words) == code
    found = capsys.readouterr()
    assert message in found.err
    assert not found.out
    assert sorted(p.name for p in Path().iterdir() if p.name != "frlib-store") == ["faces"]


def test_convert_when_interrupted_then_says_how_to_go_on_and_does(
    faces: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    batches = run.stream.batches

    def stopped(*args: object) -> object:
        yield next(batches(*args))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(run.stream, "batches", stopped)
        patched.setattr(run.Options, "commit_images", 2)
        patched.setattr(run.Options.__init__, "__kwdefaults__", _often())
        assert _run(patched, "faces", "f.parquet", "--set", "to.rows=2") == 1
    said = capsys.readouterr().err
    assert "StoppedError: stopped; 4 images are safe. The same command goes on" in said
    assert "--restart" in said
    assert _run(monkeypatch, "faces", "f.parquet", "--set", "to.rows=2") == 0
    assert "4 of them before an interruption" in capsys.readouterr().out


def _often() -> dict[str, object]:
    return {**(run.Options.__init__.__kwdefaults__ or {}), "commit_images": 2}


def test_convert_when_a_bin_and_a_folder_of_pairs_then_told_by_their_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "imgs", EVERYONE)
    Path("pairs.txt").write_text("p00/0.jpg p00/1.jpg 1\np01/0.jpg p00/2.jpg -1\n" * 300)
    words = ("--from", "pair_list", "--set", "from.form=calfw", "--set", "from.images=imgs")
    assert _run(monkeypatch, "pairs.txt", "calfw.bin", *words) == 0
    assert capsys.readouterr().out == "600 pairs written to calfw.bin\n"
    assert _run(monkeypatch, "calfw.bin", "calfw") == 0
    assert _run(monkeypatch, "calfw", "again.bin") == 0
    assert Path("again.bin").read_bytes() == Path("calfw.bin").read_bytes()
    assert bin_file.read(Path("again.bin")).images[2] == EVERYONE["p01"]["0.jpg"]
    assert _run(monkeypatch, "calfw", "calfw.parquet", "--to", "parquet") == 2
    assert "written as bin or pair_folder" in capsys.readouterr().err


def test_convert_when_in_a_terminal_then_a_bar_with_speed(
    faces: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert _run(monkeypatch, "faces", "f.parquet") == 0
    said = capsys.readouterr().err
    assert "writing f.parquet" in said
    assert "5/5" in said
