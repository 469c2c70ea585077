"""`frlib denoise`: what is said and written, and the exit code."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.cleaning import evidence, findings
from frlib.cleaning.evidence import Course, Truth
from frlib.cli.main import main
from frlib.core import discover
from frlib.core.config import override, to_dict
from frlib.data.lab import truth_table
from frlib.data.lab.draw import Lab, draw
from frlib.data.manifest import UNKNOWN, Manifest
from tests.unit.cleaning.worlds import nothing
from tests.unit.data.tiny_sets import people, write_folder

RULES = discover.choices("frlib.denoise")
EPOCHS = 4
RULE = ("--set", "rule=boundary", "--set", "rule.memory=1")


def _run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["frlib", "denoise", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def noisy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """A draw with flips: as a run `arms/a/r3`, a truth table and evidence, where the test is."""
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "faces", people(6, 9, 5, 12))
    train = {"name": "image_folder", "path": str(tmp_path / "faces")}
    lab = Lab.parse({"data": {"train": train, "holdout": {"use_small": False}}})
    lab = override(lab, ["noise.closed.ratio=0.2"])
    own = draw(lab, 3, tmp_path / "frlib-store").noisy
    (tmp_path / "arms/a/r3").mkdir(parents=True)
    (tmp_path / "arms/a/arm.json").write_text(json.dumps({"arm": "a", "config": to_dict(lab)}))
    truth_table.write(own, tmp_path / "truth.parquet")
    _write_evidence(own)
    return own


def _wrong(own: Manifest) -> np.ndarray:
    return np.flatnonzero(own.labels != own.true_labels)


def _write_evidence(own: Manifest, **others: Any) -> None:
    """The last epoch relabels all but the first of the wrong ones, and the first right one."""
    rows = np.append(_wrong(own)[1:], np.flatnonzero(own.labels == own.true_labels)[0])
    proposed = own.true_labels[rows]
    proposed[-1] = (own.labels[rows[-1]] + 1) % own.num_classes
    course = Course(
        kind="boundary",
        epochs=EPOCHS,
        epoch=np.full(len(rows), EPOCHS - 1),
        row=rows,
        proposed=proposed,
        score=np.full(len(rows), 0.1),
    )
    evidence.write(
        Path("evidence"),
        ids=own.ids,
        identities=own.identities,
        given=own.labels,
        truth=Truth(true=own.true_labels, kinds=own.kinds),
        course=course,
        **others,
    )


def _decided(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(monkeypatch, "decide", "evidence", *RULE, "--out", "f.parquet") == 0


def test_list_when_asked_then_every_rule(monkeypatch, capsys) -> None:
    assert _run(monkeypatch, "list", "--json") == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == list(RULES)


@pytest.mark.parametrize("name", RULES)
def test_show_when_asked_then_a_page_that_fits(name: str, monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert _run(monkeypatch, "show", name) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(name)
    assert max(len(line) for line in lines if not line.startswith("http")) <= 80


def test_decide_when_the_truth_is_known_then_findings_and_scores(
    noisy: Manifest, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _decided(monkeypatch)
    said = capsys.readouterr().out
    num = len(_wrong(noisy))
    assert f"boundary: {num} of 32 images flagged" in said
    assert f"{1 - 1 / num:.3f}" in said
    assert "Written to f.parquet" in said
    assert max(map(len, said.splitlines())) <= 80
    found = findings.read(Path("f.parquet"))
    assert set(found.ids[found.is_flagged].tolist()) >= set(noisy.ids[_wrong(noisy)[1:]].tolist())


def test_decide_when_json_then_metrics_are_the_formula(
    noisy: Manifest, monkeypatch, capsys
) -> None:
    words = ("decide", "evidence", *RULE, "--out", "f.parquet", "--json")
    assert _run(monkeypatch, *words) == 0
    told = json.loads(capsys.readouterr().out)
    num = len(_wrong(noisy))
    assert told["metrics"]["recall"] == told["metrics"]["precision"] == pytest.approx(1 - 1 / num)
    assert told["written"] == "f.parquet"


def test_decide_when_the_set_had_been_cleaned_then_findings_are_on_the_first_set(
    noisy: Manifest, monkeypatch, capsys
) -> None:
    dropped = _wrong(noisy)[0]
    flagged = np.arange(len(noisy)) == dropped
    none = nothing("earlier", noisy.ids, noisy.identities, noisy.labels)
    before = replace(none, is_flagged=flagged, suspicion=flagged.astype(float))
    before = replace(before, true=noisy.true_labels)
    _write_evidence(noisy.take(~flagged), before=before, applied="drop")
    _decided(monkeypatch)
    assert "of 32 images flagged" in capsys.readouterr().out
    found = findings.read(Path("f.parquet"))
    assert len(found) == 32
    assert found.is_flagged[found.ids == noisy.ids[dropped]].all()


def test_decide_when_no_rule_is_named_then_says_which_there_are(
    noisy: Manifest, monkeypatch, capsys
) -> None:
    assert _run(monkeypatch, "decide", "evidence", "--out", "f.parquet") == 2
    assert "add --set rule=NAME. Rules: boundary," in capsys.readouterr().err
    words = ("decide", "evidence", "--set", "rule=boundry", "--out", "f.parquet")
    assert _run(monkeypatch, *words) == 2
    assert "did you mean 'boundary'" in capsys.readouterr().err
    assert not Path("f.parquet").exists()


def test_decide_when_no_evidence_then_error_names_the_folder(
    noisy: Manifest, monkeypatch, capsys
) -> None:
    assert _run(monkeypatch, "decide", "gone", *RULE, "--out", "f.parquet") == 1
    assert "gone" in capsys.readouterr().err


def test_score_when_a_table_is_named_then_as_the_findings_own_truth(
    noisy: Manifest, monkeypatch, capsys
) -> None:
    _decided(monkeypatch)
    capsys.readouterr()
    assert _run(monkeypatch, "score", "f.parquet", "--json") == 0
    own = json.loads(capsys.readouterr().out)
    assert _run(monkeypatch, "score", "f.parquet", "--truth", "truth.parquet", "--json") == 0
    assert json.loads(capsys.readouterr().out) == own


@pytest.mark.parametrize("true", [None, UNKNOWN])
def test_score_when_the_truth_is_unknown_then_says_so_and_is_done(
    true: int | None, noisy: Manifest, monkeypatch, capsys
) -> None:
    _decided(monkeypatch)
    found = findings.read(Path("f.parquet"))
    column = None if true is None else np.full(len(found), true)
    findings.write(replace(found, true=column), Path("u.parquet"))
    capsys.readouterr()
    assert _run(monkeypatch, "score", "u.parquet") == 0
    said = capsys.readouterr().out
    assert "Truth: unknown" in said
    assert "nan" not in said and "precision" not in said


def test_write_when_a_run_is_named_then_its_noisy_set_is_cleaned(
    noisy: Manifest, monkeypatch, capsys
) -> None:
    _decided(monkeypatch)
    assert _run(monkeypatch, "write", "f.parquet", "arms/a/r3", "out", "--to", "image_folder") == 0
    said = capsys.readouterr().out
    num = len(_wrong(noisy))
    assert f"32 images of {noisy.num_classes} identities" in said
    assert "read back and equal" in said
    assert f"boundary, both: {num} flagged, {num} relabelled, 0 dropped" in said
    assert "Files are named by whole ids" in said
    moved = noisy.ids[_wrong(noisy)[1]].replace("/", "%2F")
    person = noisy.identities[noisy.true_labels[_wrong(noisy)[1]]]
    assert (Path("out") / person / moved).is_file()
    assert Path("out.classes.csv").read_text().startswith("name,old,new\np00,0,0\n")


def test_write_when_dropped_then_the_others_stay(noisy: Manifest, monkeypatch, capsys) -> None:
    _decided(monkeypatch)
    words = ("write", "f.parquet", "arms/a/r3", "out.parquet", "--apply", "drop")
    assert _run(monkeypatch, *words) == 0
    assert f"{32 - len(_wrong(noisy))} images of" in capsys.readouterr().out


def test_write_when_the_source_has_no_noise_then_error_says_to_name_a_run(
    noisy: Manifest, monkeypatch, capsys
) -> None:
    _decided(monkeypatch)
    assert _run(monkeypatch, "write", "f.parquet", "faces", "out.parquet") == 1
    said = capsys.readouterr().err
    assert "faces has no noise of a study" in said and "arms/<arm>/r<seed>" in said
    assert not Path("out.parquet").exists()
    assert not Path("out.parquet.classes.csv").exists()


def test_write_when_findings_are_on_a_part_then_says_what_was_not_judged(
    noisy: Manifest, monkeypatch, capsys
) -> None:
    _decided(monkeypatch)
    found = findings.read(Path("f.parquet"))
    findings.write(found.take(np.arange(30)), Path("part.parquet"))
    assert _run(monkeypatch, "write", "part.parquet", "arms/a/r3", "out.parquet") == 0
    assert "2 images that the findings do not name stayed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("f.parquet", "arms/a", "o.parquet"), 2, "an arm; name the folder of one of its runs: r3"),
        (("f.parquet", "arms/a/r3", "o"), 2, "add --to FORMAT"),
        (("f.parquet", "arms/a/r3", "o.parquet", "--apply", "keep"), 2, "drop"),
        (("f.parquet", "arms/a/r3", "o.parquet", "--set", "from.x=1"), 2, "a run names its source"),
        (("truth.parquet", "arms/a/r3", "o.parquet"), 1, "expected findings"),
    ],
)
def test_write_when_called_wrongly_then_one_message_and_its_exit_code(
    words: tuple[str, ...], code: int, message: str, noisy: Manifest, monkeypatch, capsys
) -> None:
    _decided(monkeypatch)
    assert _run(monkeypatch, "write", *words) == code
    assert message in capsys.readouterr().err
    assert not Path("o").exists() and not Path("o.parquet").exists()


def test_lists_when_imported_again_then_the_last_epoch_is_the_rules_findings(
    noisy: Manifest, monkeypatch, capsys
) -> None:
    _decided(monkeypatch)
    assert _run(monkeypatch, "lists", "evidence", "lists") == 0
    assert f"of {EPOCHS} epochs written to lists/epoch_00.txt" in capsys.readouterr().out
    for like, out in (("evidence", "g.parquet"), ("arms/a/r3", "h.parquet")):
        words = ("import", f"lists/epoch_{EPOCHS - 1:02d}.txt", "--like", like, "--out", out)
        assert _run(monkeypatch, *words) == 0
        wanted, found = findings.read(Path("f.parquet")), findings.read(Path(out))
        assert found.ids.tolist() == wanted.ids.tolist()
        assert found.is_flagged.tolist() == wanted.is_flagged.tolist()
        names = [
            [one.identities[label] for label in one.proposed[one.is_flagged]]
            for one in (found, wanted)
        ]
        assert names[0] == names[1]
        assert "precision" in capsys.readouterr().out


def test_import_when_samples_are_unknown_then_error_shows_ids(
    noisy: Manifest, monkeypatch, capsys
) -> None:
    Path("list.txt").write_text("/elsewhere/p00/0.jpg\n")
    words = ("import", "list.txt", "--like", "faces", "--out", "g.parquet")
    assert _run(monkeypatch, *words) == 1
    assert "ids here look like 'p00/0.jpg'" in capsys.readouterr().err
    assert _run(monkeypatch, *words, "--was", "/elsewhere") == 0
    assert findings.read(Path("g.parquet")).is_flagged.sum() == 1
