"""`frlib data check`: exit codes, the page, JSON, and what a wrong call is told."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frlib.cli.main import main
from tests.unit.data.check.made import faces, stored_again
from tests.unit.data.tiny_sets import encoded, write_folder, write_parquet


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Runs `frlib data check WORDS` in a folder of its own and returns the exit code."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["frlib", "data", "check", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return call


def test_check_when_set_is_clean_then_page_and_exit_0(run, tmp_path: Path, capsys) -> None:
    write_folder(tmp_path / "a", faces(6, 4))
    assert run("a", "--from", "image_folder") == 0
    page = capsys.readouterr().out
    assert "all 24 images decoded" in page
    assert "6" in page and "is RGB" in page
    assert "passed: 0 errors, 0 warnings" in page


def test_check_when_an_error_is_found_then_exit_1_and_what_to_do(
    run, tmp_path: Path, capsys
) -> None:
    everyone = faces(4, 2)
    everyone["train00"]["0.jpg"] = everyone["train00"]["0.jpg"][:-300]
    write_folder(tmp_path / "a", everyone)
    assert run("a", "--from", "image_folder") == 1
    page = capsys.readouterr().out
    assert "error unreadable: 1 image: cannot be decoded" in page
    assert "train00/0.jpg" in page
    assert "failed: 1 error, 0 warnings" in page


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 1)])
def test_check_when_only_warnings_then_strict_decides(
    run, tmp_path: Path, capsys, strict: tuple[str, ...], code: int
) -> None:
    everyone = faces(4, 2)
    everyone["train00"]["again.jpg"] = stored_again(everyone["train00"]["0.jpg"], tmp_path)
    write_folder(tmp_path / "a", everyone)
    assert run("a", "--from", "image_folder", *strict) == code
    assert "warning near-copy: 1 pair of near copies of one identity" in capsys.readouterr().out


def test_check_when_json_is_asked_then_only_json_on_stdout(run, tmp_path: Path, capsys) -> None:
    write_folder(tmp_path / "a", faces(4, 2))
    other = write_parquet(tmp_path / "b.parquet", faces(3, 2))
    against = json.dumps({"name": "parquet", "path": str(other)})
    assert run("a", "--from", "image_folder", "--against", against, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["errors"] == 2
    assert [one["rule"] for one in found["findings"]] == ["person-in-both", "file-in-both"]
    assert [one["name"] for one in found["sets"]] == ["a", "b.parquet"]
    assert found["sections"]["counts"]["facts"]["images"] == 8
    assert found["sections"]["overlap"]["rows"][0]["files"] == 6


def test_check_when_a_field_is_set_then_the_source_has_it(run, tmp_path: Path, capsys) -> None:
    write_folder(tmp_path / "a", faces(8, 3))
    assert run("a", "--from", "image_folder", "--set", "colour=BGR") == 1
    assert "stored as RGB?" in " ".join(capsys.readouterr().out.split())


def test_check_when_sheet_is_asked_then_a_png_with_pictures(run, tmp_path: Path, capsys) -> None:
    everyone = faces(4, 2)
    everyone["train00"]["again.jpg"] = stored_again(everyone["train00"]["0.jpg"], tmp_path)
    everyone["train02"]["2.png"] = encoded(np.full((48, 48, 3), (200, 30, 30), np.uint8), "PNG")
    write_folder(tmp_path / "a", everyone)
    assert run("a", "--from", "image_folder", "--sheet", "sheet.png") == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    assert (pixels == (200, 30, 30)).all(axis=2).sum() > 80 * 80
    assert "sheet.png" in capsys.readouterr().out


def test_check_when_no_format_is_named_then_recognised(run, tmp_path: Path, capsys) -> None:
    write_folder(tmp_path / "a", faces(4, 2))
    write_parquet(tmp_path / "b.parquet", faces(3, 2, "eval"))
    assert run("a", "--against", "b.parquet", "--json") == 0
    sets = json.loads(capsys.readouterr().out)["sets"]
    assert [one["format"] for one in sets] == ["image_folder", "parquet"]


def test_check_when_rules_are_asked_then_listed_without_a_set(run, capsys) -> None:
    assert run("--rules") == 0
    page = capsys.readouterr().out
    for rule in ("unreadable", "same-file-two-people", "colour-order", "person-in-both"):
        assert rule in page


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("a", "--from", "image_foldr"), 2, "did you mean 'image_folder'?"),
        (("nowhere", "--from", "image_folder"), 1, "nowhere does not exist"),
        (("a", "--from", "image_folder", "--set", "color=BGR"), 2, "did you mean 'colour'?"),
        (("a", "--from", "image_folder", "--limit", "cosin=1"), 2, "did you mean 'cosine'?"),
        (("a", "--from", "image_folder", "--limit", "coarse_bits=4"), 2, "coarse_bits"),
        (("a", "--from", "image_folder", "--sheet", "x.jpg"), 2, "written as .png"),
        (("a", "--from", "image_folder", "--embeddings", "x.npz"), 1, "x.npz does not exist"),
        (
            ("a", "--from", "image_folder", "--embeddings", "x.npz", "--model", "m"),
            2,
            "give one of them",
        ),
        (("a", "--from", "image_folder", "--model", "m.onnx"), 2, "m.onnx: no such file"),
        (('{"name": "parquet"}',), 2, "path: missing"),
        (('{"name": "parquett", "path": "x"}',), 2, "did you mean 'parquet'?"),
        (('{"name": "parquet"',), 2, "is no JSON"),
        (('{"path": "x"}',), 2, "no 'name'"),
    ],
)
def test_check_when_called_wrongly_then_message_says_what_is_right(
    run, tmp_path: Path, capsys, words: tuple[str, ...], code: int, message: str
) -> None:
    write_folder(tmp_path / "a", faces(3, 2))
    assert run(*words) == code
    assert message in capsys.readouterr().err
