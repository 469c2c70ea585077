"""`frlib denoise gallery`: from findings on a run or a set to a page, and what it refuses."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frlib.cleaning import evidence, findings
from frlib.cleaning.evidence import Course, Truth
from frlib.core.config import to_dict
from frlib.data import catalog
from frlib.data.lab.draw import Lab, draw
from frlib.data.manifest import UNKNOWN, Manifest
from tests.benchmarks.run import run as frlib

SOURCE = {"name": "synth", "identities": 5, "images": 6}


class _Given:
    """A run on five people with flips, findings with one mistake, and evidence without vectors."""

    def __init__(self, store: Path) -> None:
        lab = Lab.parse({"data": {"train": SOURCE}, "noise": {"closed": {"ratio": 0.3}}})
        self.store = store
        self.run = store / "studies" / "s" / "arms" / "a" / "r3"
        self.run.mkdir(parents=True)
        arm = {"arm": "a", "config": to_dict(lab)}
        (self.run.parent / "arm.json").write_text(json.dumps(arm))
        self.set = draw(lab, 3, store).noisy
        self.findings = store / "findings.parquet"
        self.evidence = store / "evidence"
        self._write(self.set)

    def _write(self, manifest: Manifest) -> None:
        wrong = manifest.true_labels != manifest.labels
        rows = np.flatnonzero(wrong)
        course = Course(
            kind="boundary",
            epochs=4,
            epoch=np.full(len(rows), 2),
            row=rows,
            proposed=manifest.true_labels[rows],
            score=np.full(len(rows), 0.25),
        )
        self.evidence.mkdir()
        evidence.write(
            self.evidence,
            ids=manifest.ids,
            identities=manifest.identities,
            given=manifest.labels,
            truth=Truth(true=manifest.true_labels, kinds=manifest.kinds),
            course=course,
        )
        flagged = wrong.copy()
        self.mistake = int(np.flatnonzero(~wrong)[0])
        flagged[self.mistake] = True
        proposed = np.where(wrong, manifest.true_labels, -1)
        found = evidence.read(self.evidence).findings("rule", flagged, flagged * 0.8, proposed)
        findings.write(found, self.findings)

    def words(self, out: str, *more: str) -> tuple[str, ...]:
        """Arguments of a gallery of the run."""
        own = (str(self.findings), str(self.run), "--store", str(self.store))
        return ("denoise", "gallery", *own, "--out", str(self.store / out), *more)


@pytest.fixture
def given(tmp_path: Path) -> _Given:
    return _Given(tmp_path)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_gallery_when_of_a_run_then_the_page_tells_proposals_paths_and_truth(
    given: _Given, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = given.words("g.html", "--evidence", str(given.evidence), "--images", "6")
    assert frlib(monkeypatch, *words) == 0
    assert f"Written to {given.store / 'g.html'}" in capsys.readouterr().out
    text = (given.store / "g.html").read_text()
    said = _plain(text)
    wrong = int((given.set.true_labels != given.set.labels).sum())
    assert f"30 images, {wrong + 1} flagged: {wrong} wrong, 1 right; 0 missed" in said
    assert said.count("right label: flagged by mistake") == 1
    assert said.count("wrong label, right proposal") == wrong
    assert said.count("in 1 of 4 epochs") == wrong
    assert "nothing was sent to a tracking server" in said
    assert str(given.set.ids[given.mistake]) in said


def test_gallery_when_made_twice_then_the_same_bytes(
    given: _Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.html", "b.html"):
        assert frlib(monkeypatch, *given.words(name)) == 0
    assert (given.store / "a.html").read_bytes() == (given.store / "b.html").read_bytes()


def test_gallery_when_a_class_is_named_then_that_one_as_png(
    given: _Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert frlib(monkeypatch, *given.words("g.png", "--class", given.set.identities[2])) == 0
    with Image.open(given.store / "g.png") as one:
        assert one.format == "PNG"
        height = one.height
    assert frlib(monkeypatch, *given.words("g.png", "--pick", "spread")) == 0
    with Image.open(given.store / "g.png") as all_of_them:
        assert all_of_them.height > height


def test_gallery_when_the_truth_is_unknown_then_the_page_says_so(
    given: _Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scan(*_: object) -> Manifest:
        return replace(given.set, true_labels=np.full(len(given.set), UNKNOWN))

    monkeypatch.setattr(catalog, "scan", scan)
    words = [given.words("g.html")[2], json.dumps(SOURCE), *given.words("g.html")[4:]]
    assert frlib(monkeypatch, "denoise", "gallery", *words) == 0
    said = _plain((given.store / "g.html").read_text())
    assert "flagged; the truth is unknown" in said
    assert "truth unknown" in said and "unknown whether the label is wrong" in said
    assert "flagged by mistake" not in said.partition("Classes on this page")[2]


def test_gallery_when_findings_are_of_another_set_then_error_says_so(
    given: _Given, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = json.dumps(SOURCE | {"part": "eval"})
    words = [given.words("g.html")[2], other, *given.words("g.html")[4:]]
    assert frlib(monkeypatch, "denoise", "gallery", *words) == 1
    assert "is not in this training set" in capsys.readouterr().err
    assert not (given.store / "g.html").exists()


def test_gallery_when_a_name_or_suffix_is_wrong_then_usage_error(
    given: _Given, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frlib(monkeypatch, *given.words("g.html", "--class", "id00001")) == 2
    assert "did you mean 'id00000" in capsys.readouterr().err
    assert frlib(monkeypatch, *given.words("g.gif")) == 2
    assert ".html or .png; found '.gif'" in capsys.readouterr().err


def test_gallery_when_the_images_are_gone_then_error_names_them(
    given: _Given, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = str(given.store / "gone.parquet")
    words = [given.words("g.html")[2], gone, "--from", "parquet", *given.words("g.html")[4:]]
    assert frlib(monkeypatch, "denoise", "gallery", *words) == 1
    assert f"{gone} does not exist" in capsys.readouterr().err


def test_gallery_when_made_then_tracking_is_not_even_loaded(given: _Given) -> None:
    import subprocess
    import sys

    program = (
        "import sys\nfrom frlib.cli.main import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "assert not [m for m in sys.modules if m == 'mlflow' or m.startswith('frlib.track.')]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *given.words("g.html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
