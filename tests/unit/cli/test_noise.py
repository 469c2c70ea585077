"""`frlib noise list | show | make | inspect`: what is written and said."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from frlib.cli.main import main
from frlib.core import discover
from frlib.data.sources import boundary_lists
from tests.unit.data.tiny_sets import people, write_folder, write_parquet

NOISES = discover.choices("frlib.data.noise")


def _run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["frlib", "noise", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def _source(name: str, path: Path) -> str:
    return json.dumps({"name": name, "path": str(path)})


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return _source("image_folder", write_folder(tmp_path / "faces", people(6, 9, 5, 12)))


@pytest.fixture
def pool(tmp_path: Path) -> str:
    strangers = {"x": people(5, first_seed=900)["p00"]}
    return _source("image_folder", write_folder(tmp_path / "pool", strangers))


def test_list_when_asked_then_every_kind(monkeypatch, capsys) -> None:
    assert _run(monkeypatch, "list", "--json") == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == list(NOISES)


@pytest.mark.parametrize("name", NOISES)
def test_show_when_asked_then_a_page_that_fits(name: str, monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert _run(monkeypatch, "show", name) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(name)
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("Source: ") for line in lines)


def test_show_when_the_name_is_wrong_then_suggests_and_exits_2(monkeypatch, capsys) -> None:
    assert _run(monkeypatch, "show", "oclusion") == 2
    assert "did you mean 'occlusion'?" in capsys.readouterr().err


def test_make_when_samples_are_files_then_truth_lists_facts_and_sheet(
    faces: str, pool: str, monkeypatch, capsys, tmp_path: Path
) -> None:
    sets = ("noise.closed.ratio=0.2", "noise.open.ratio=0.2", "noise.blur.ratio=0.5")
    options = [word for one in sets for word in ("--set", one)]
    assert _run(monkeypatch, "make", faces, "--out", "made", "--outliers", pool, *options) == 0
    said = capsys.readouterr().out
    assert "made/lists/data_file_outlier_20.txt" in said
    made = tmp_path / "made"
    table = pq.read_table(made / "truth.parquet").to_pylist()
    assert len(table) == 32
    assert [*table[0]] == [
        "id",
        "given",
        "true",
        "given_label",
        "true_label",
        "kind",
        "flaw",
        "strength",
    ]
    by_kind = {kind: [r for r in table if r["kind"] == kind] for kind in ("closed", "open")}
    assert [len(rows) for rows in by_kind.values()] == [1 + 1 + 1 + 2] * 2
    assert all(row["true"] == "" and row["true_label"] == -1 for row in by_kind["open"])
    assert all(row["true"] == row["id"].partition("/")[0] for row in by_kind["closed"])
    assert all(row["given"] != row["true"] for row in by_kind["closed"])
    assert sum(row["flaw"] == "blur" for row in table) == 3 + 4 + 2 + 6
    facts = json.loads((made / "facts.json").read_text())
    assert facts["summary"]["kinds"]["open"]["rows"] == 5
    assert facts["steps"]["closed"]["rows"] == 5
    assert facts["noise"]["closed"]["ratio"] == 0.2
    assert facts["lists"] == "lists/data_file_outlier_20.txt"
    with Image.open(made / "sheet.png") as sheet:
        assert sheet.width > 600
    lists = made / "lists" / "data_file_outlier_20.txt"
    back = boundary_lists.scan(boundary_lists.Config(path=str(lists), root=str(tmp_path / "faces")))
    assert np.bincount(back.kinds).tolist() == [22, 5, 5]
    assert not list(tmp_path.glob(".made*"))


def test_make_when_samples_are_no_files_then_says_so_and_writes_the_rest(
    monkeypatch, capsys, tmp_path: Path
) -> None:
    path = write_parquet(tmp_path / "set.parquet", people(6, 4))
    words = ("--out", str(tmp_path / "made"), "--set", "noise.closed.ratio=0.5")
    store = ("--store", str(tmp_path / "store"))
    assert _run(monkeypatch, "make", str(path), "--from", "parquet", *words, *store) == 0
    assert "none: the samples are not files of their own" in capsys.readouterr().out
    assert sorted(p.name for p in (tmp_path / "made").iterdir()) == [
        "facts.json",
        "sheet.png",
        "truth.parquet",
    ]


def test_make_when_rows_have_no_form_in_the_lists_then_says_why(
    faces: str, monkeypatch, capsys, tmp_path: Path
) -> None:
    words = ("--out", "made", "--set", "noise.merged.ratio=0.25")
    assert _run(monkeypatch, "make", faces, *words) == 0
    assert "none: text lists: 6 rows are merged" in capsys.readouterr().out
    table = pq.read_table(tmp_path / "made" / "truth.parquet").to_pylist()
    assert {row["true"] for row in table} == {"p00", "p01", "p02", "p03"}


def test_make_when_the_folder_exists_then_refused(
    faces: str, monkeypatch, capsys, tmp_path: Path
) -> None:
    (tmp_path / "made").mkdir()
    assert _run(monkeypatch, "make", faces, "--out", "made") == 2
    assert "made exists" in capsys.readouterr().err


def test_make_when_noise_cannot_be_made_then_nothing_is_left(
    faces: str, monkeypatch, capsys, tmp_path: Path
) -> None:
    words = ("--out", "made", "--set", "noise.open.ratio=0.5")
    assert _run(monkeypatch, "make", faces, *words) == 1
    assert "set data.outliers" in capsys.readouterr().err
    assert not list(tmp_path.glob("*made*"))


def test_inspect_when_asked_then_steps_kinds_and_class_sizes(
    faces: str, pool: str, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    sets = ("--set", "noise.closed.ratio=0.2", "--set", "noise.open.ratio=0.3")
    assert _run(monkeypatch, "inspect", faces, "--outliers", pool, *sets) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["closed", "0.2", "0.1562", "images", "5"] in lines
    assert ["4-7", "2", "11", "63.6", "%", "18.2", "%", "18.2", "%"] in lines
    assert ["8-15", "2", "21", "61.9", "%", "14.3", "%", "23.8", "%"] in lines
    assert ["images", "20", "5", "7"] in lines


def test_inspect_when_json_then_the_facts_of_make(faces: str, monkeypatch, capsys) -> None:
    words = ("--set", "noise.closed.ratio=0.2", "--json", "--seed", "3")
    assert _run(monkeypatch, "inspect", faces, *words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["seed"] == 3
    assert found["summary"]["kinds"]["closed"]["rows"] == 5
    assert found["digest"] != found["clean_digest"]


def test_inspect_when_no_noise_is_set_then_says_how(faces: str, monkeypatch, capsys) -> None:
    assert _run(monkeypatch, "inspect", faces) == 0
    assert "--set noise.closed.ratio=0.2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "sets",
    [
        ("long_tail.imbalance=50",),
        ("duplicate.ratio=0.5",),
        ("merged.ratio=0.25",),
        ("closed.ratio=0.4", "low_resolution.ratio=0.3"),
        ("closed.ratio=1",),
        ("occlusion.ratio=0.3",),
    ],
)
def test_inspect_when_a_sheet_is_asked_for_then_a_picture(
    sets: tuple[str, ...], faces: str, monkeypatch, capsys, tmp_path: Path
) -> None:
    options = [word for one in sets for word in ("--set", f"noise.{one}")]
    assert _run(monkeypatch, "inspect", faces, *options, "--sheet", "sheet.png") == 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height > 200
    assert "Written to sheet.png" in capsys.readouterr().out


def test_inspect_when_the_sheet_is_no_png_then_refused_before_any_work(
    faces: str, monkeypatch, capsys
) -> None:
    assert _run(monkeypatch, "inspect", faces, "--sheet", "sheet.gif") == 2
    assert "written as .png" in capsys.readouterr().err
