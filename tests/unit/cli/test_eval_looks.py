"""What `frlib eval run` looks at before it gives numbers of protocols that ask about no pairs."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from frlib.cli.main import app
from frlib.core.config import Config
from frlib.data.align import SIDE, TEMPLATE
from tests.unit.evaluate.made_red import Red, write_faces

NUM = 40


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the red model on a protocol; returns its report as JSON."""
    monkeypatch.setattr("frlib.evaluate.model.named", lambda text: Config())
    monkeypatch.setattr("frlib.evaluate.model.open_model", lambda config, device: Red())

    def evaluated(config: dict[str, Any], *further: str) -> Any:
        arguments = ("eval", "run", json.dumps(config), "--model", "made", "--json", *further)
        given = (*arguments, "--store", str(tmp_path / "store"))
        result = CliRunner().invoke(app, given, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        (report,) = json.loads(result.stdout)
        return report

    return evaluated


def _identification(root: Path, channel: int) -> dict[str, Any]:
    write_faces(root, channel)
    lines = [f"p{k}/{n}.jpg,p{k},{('gallery', 'probe')[n]}" for k in range(NUM) for n in range(2)]
    (root / "search.csv").write_text("\n".join(["path,identity,role", *lines]) + "\n")
    return {"name": "identification", "path": str(root / "search.csv")}


def _all_pairs(root: Path, channel: int) -> dict[str, Any]:
    write_faces(root, channel)
    lines = [f"p{k}/{n}.jpg,p{k}" for k in range(NUM) for n in range(2)]
    (root / "list.csv").write_text("\n".join(["path,subject", *lines]) + "\n")
    return {"name": "all_pairs", "path": str(root / "list.csv"), "fars": [0.1]}


def _megaface(root: Path, channel: int) -> dict[str, Any]:
    write_faces(root, channel)
    names = [f"p{k}/{n}.jpg" for k in range(NUM) for n in range(2)]
    (root / "probes").write_text("\n".join(names[:-10]) + "\n")
    (root / "others").write_text("\n".join(names[-10:]) + "\n")
    lists = {"path": str(root / "probes"), "distractors": str(root / "others")}
    return {"name": "megaface", "expected": False, "ranks": 1, **lists}


def _ijb(root: Path, channel: int) -> dict[str, Any]:
    """Every picture is a template of its own; its points are where they are to come to lie."""
    write_faces(root / "loose_crop", channel)
    names = [f"p{k}/{n}.jpg" for k in range(NUM) for n in range(2)]
    points = " ".join(f"{value:.6f}" for value in (TEMPLATE * Red.size / SIDE).ravel())
    lists = {
        "face_tid_mid": [f"{name} {row} {row}" for row, name in enumerate(names)],
        "name_5pts_score": [f"{name} {points} 0.9" for name in names],
        "template_pair_label": [
            line
            for k in range(NUM)
            for line in (f"{2 * k} {2 * k + 1} 1", f"{2 * k} {(2 * k + 3) % (2 * NUM)} 0")
        ],
    }
    (root / "meta").mkdir()
    for name, lines in lists.items():
        (root / "meta" / f"ijbc_{name}.txt").write_text("\n".join(lines) + "\n")
    return {"name": "ijb", "path": str(root), "expected": False, "fars": [0.1]}


@pytest.mark.parametrize("channel", [0, 2])
@pytest.mark.parametrize("made", [_identification, _all_pairs, _megaface, _ijb])
def test_run_when_channels_are_swapped_then_found_in_a_few_pairs(
    made: Any, channel: int, run: Any, tmp_path: Path
) -> None:
    report = run(made(tmp_path / "set", channel))
    swapped = [text for text in report["warnings"] if "looks like swapped channels" in text]
    assert bool(swapped) == (channel == 2)
    (facts,) = report["about"]["checks"]["colour_and_alignment"].values()
    assert 60 < facts["pairs"] <= 120
    assert (facts["auc"] > 0.95) == (channel == 0)
    assert (facts["auc_channels_swapped"] > 0.95) == (channel == 2)


def test_run_when_another_model_is_enrolled_then_both_are_looked_at(
    run: Any, tmp_path: Path
) -> None:
    report = run(_identification(tmp_path / "set", 2), "--enrolled", "made")
    swapped = [text for text in report["warnings"] if "looks like swapped channels" in text]
    assert len(swapped) == 2 and swapped[1].startswith("enrolled side: ")
    checks = report["about"]["checks"]
    assert checks["enrolled_colour_and_alignment"] == checks["colour_and_alignment"]


def test_run_when_one_pair_or_none_is_asked_for_then_one_of_each_kind_or_not_checked(
    run: Any, tmp_path: Path
) -> None:
    config = _all_pairs(tmp_path / "set", 0)
    looks = run(config, "--check-pairs", "1")["about"]["checks"]["colour_and_alignment"]
    assert looks["list.csv"]["pairs"] == 2
    report = run(config, "--check-pairs", "0")
    assert report["about"]["checks"]["colour_and_alignment"] == "not checked"
    assert "colour order and alignment were not checked" in report["warnings"]


def test_run_when_nobody_is_shown_twice_then_says_that_nothing_was_checked(
    run: Any, tmp_path: Path
) -> None:
    config = _all_pairs(tmp_path / "set", 0)
    (tmp_path / "set" / "list.csv").write_text("path,subject\np0/0.jpg,p0\np1/0.jpg,p1\n")
    report = run(config)
    assert any("no images of one person and of two" in text for text in report["warnings"])
    assert report["about"]["checks"]["colour_and_alignment"] == "not checked"


def test_run_when_the_source_holds_more_than_the_lists_then_the_rest_is_no_overlap(
    run: Any, tmp_path: Path
) -> None:
    listed = Path(_identification(tmp_path / "set", 0)["path"])
    first_four = tmp_path / "search.csv"
    first_four.write_text("\n".join(listed.read_text().splitlines()[:9]) + "\n")
    trained = write_faces(tmp_path / "train", 0)
    (trained / "p0" / "0.jpg").unlink()
    config = {"name": "identification", "path": str(first_four)}
    report = run(config, "--images", str(tmp_path / "set"), "--train", str(trained))
    (overlap,) = report["about"]["checks"]["overlap"]
    assert (overlap["images"], overlap["people"]) == (7, 4)
    assert any("7 of 8 evaluated images" in text for text in report["warnings"])
    assert any("4 of 4 evaluated people" in text for text in report["warnings"])


def test_run_when_ijb_then_overlap_that_cannot_be_told_is_not_given_as_none(
    run: Any, tmp_path: Path
) -> None:
    trained = write_faces(tmp_path / "train", 0)
    report = run(_ijb(tmp_path / "set", 0), "--train", str(trained))
    (overlap,) = report["about"]["checks"]["overlap"]
    assert (overlap["images"], overlap["people"]) == (None, None)
    assert any("neither checksums nor names" in text for text in report["warnings"])
