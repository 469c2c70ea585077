"""The report as text: whole, closed in itself, and saying what the records say."""

import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from analysis import detectable
from analysis.figures import of_study
from analysis.grid import Grid
from analysis.report import _curves, build
from analysis.report._page import Gallery, page
from frlib.cli.main import app
from frlib.core import safeio
from frlib.core.errors import ConfigError, RecordError
from frlib.records import declare, layout, read
from frlib.records.read import Records
from frlib.records.write import RunWriter
from tests.analysis import composed, denoised
from tests.analysis.conftest import REPORT
from tests.analysis.markup import Read

EVIL = '<script>alert("x")</script>&'


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, simulated: ModuleType) -> Path:
    folder = tmp_path_factory.mktemp("store")
    for one in (simulated, denoised, composed):
        one.record(folder)
    return folder


@pytest.fixture(scope="module", params=["boundary_small", "bench", "won_back"])
def text(request: pytest.FixtureRequest, store: Path) -> str:
    return page(read.load_named(store, request.param))


@pytest.fixture(scope="module")
def small(store: Path) -> Records:
    return read.load_named(store, "boundary_small")


def test_page_when_read_then_tags_close_and_every_reference_has_its_target(text: str) -> None:
    found = Read(text)
    assert len(found.ids) == len(set(found.ids))
    named = [one["aria-labelledby"] for _, one in found.tags if "aria-labelledby" in one]
    links = [str(one["href"]) for one in found.of("a")]
    inner = [link[1:] for link in links if link.startswith("#")]
    assert set(named) | set(inner) <= set(found.ids)
    assert [link for link in links if not link.startswith(("#", "data:"))] == []


def test_page_when_read_then_it_reaches_nothing_outside(text: str) -> None:
    found = Read(text)
    sources = [value for _, one in found.tags for key, value in one.items() if key == "src"]
    assert all(str(one).startswith("data:") for one in sources)
    assert found.of("link") == [{"rel": "icon", "href": "data:,"}]
    assert "http-equiv" in str(found.of("meta")) and "default-src 'none'" in str(found.of("meta"))
    assert "url(" not in text and "@import" not in text


def test_page_when_read_aloud_then_it_has_landmarks_ordered_headings_and_named_parts(
    text: str,
) -> None:
    found = Read(text)
    assert found.of("html") == [{"lang": "en"}]
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert len(found.of(landmark)) == 1, landmark
    levels = [int(tag[1]) for tag, _ in found.tags if tag in ("h1", "h2", "h3", "h4")]
    assert all(later <= before + 1 for before, later in pairwise(levels))
    assert len(found.of("table")) == len(found.of("caption")) > 0
    assert all(one.get("scope") in ("col", "row") for one in found.of("th"))
    assert all(len(str(one.get("alt"))) > 20 for one in found.of("img"))
    assert all(one.get("aria-label") or one.get("aria-hidden") for one in found.of("svg"))
    regions = [one for one in found.of("div") if one.get("role") == "region"]
    assert regions and all(one["tabindex"] == "0" for one in regions)


def test_page_when_records_are_equal_then_bytes_are(store: Path, tmp_path: Path) -> None:
    first = build.build("bench", store, tmp_path / "one.html").read_bytes()
    assert build.build("bench", store, tmp_path / "two.html").read_bytes() == first


def test_page_when_arms_ended_early_or_never_began_then_it_says_why(small: Records) -> None:
    words = " ".join(Read(page(small)).texts)
    assert "NumericsError: the loss became nan at step 40 (epoch 2)" in words
    assert "rung 5" in words
    assert "8 complete, 8 stopped, 1 failed" in words
    assert all(arm.digest in words for arm in small.arm_list)


def test_page_when_a_cell_was_never_run_then_it_says_so(store: Path) -> None:
    words = " ".join(Read(page(read.load_named(store, "bench"))).texts)
    assert "No arm stands for this cell: not run." in words


def test_page_when_texts_hold_markup_then_they_are_shown_and_not_obeyed(
    tmp_path: Path, simulated: ModuleType
) -> None:
    folder = simulated.record(tmp_path, simulated.STUDY | {"question": f"{EVIL}\n\n{EVIL}"})
    name = simulated.arm(folder, {"head": EVIL, "noise.closed.ratio": 0.0}, 0.5, default=True)
    declare.write_verdict(folder, name, {"status": "failed", "message": EVIL})
    found = Read(page(read.load(folder)))
    assert len(found.of("script")) == 1
    assert "".join(found.texts).count(EVIL) >= 2


def test_page_when_faces_are_not_asked_for_then_only_figures_are_pictures(text: str) -> None:
    assert all(str(one["src"]).startswith("data:image/svg") for one in Read(text).of("img"))
    assert "shows no face" in text


def test_page_when_galleries_are_given_then_they_are_inside_and_it_warns(small: Records) -> None:
    shown = page(small, [Gallery("Suspected", "Ten of thirty images are suspected.", b"\x89PNG")])
    images = [str(one["src"]) for one in Read(shown).of("img")]
    assert "data:image/png;base64,iVBORw==" in images
    assert "shows people's faces" in "".join(Read(shown).texts)


def test_design_when_differences_can_be_seen_then_it_says_how_large(small: Records) -> None:
    found = Grid.of(small)
    told = detectable.statement(detectable.of_study(found, REPORT), REPORT)
    assert told in " ".join(Read(page(small)).texts)


def test_figures_when_they_are_those_of_a_study_then_each_has_words() -> None:
    assert all(kind.title and kind.says.endswith(".") for kind in of_study.FIGURES.values())


def test_page_when_runs_noted_their_commit_then_it_is_shown(
    tmp_path: Path, simulated: ModuleType
) -> None:
    folder = simulated.record(tmp_path)
    run = next(iter(folder.glob("arms/*/r0/a0/run.json")))
    noted = safeio.read_json(run)
    noted["facts"] = {"git": {"commit": "c0ffee", "changed": True}, "frlib": "0.1.0"}
    safeio.write_json(run, noted)
    assert "c0ffee, with changes of its own" in " ".join(Read(page(read.load(folder))).texts)


def test_curves_when_an_attempt_took_over_then_its_values_stand(tmp_path: Path) -> None:
    folder = layout.study_folder(tmp_path, "resumed")
    declare.write_study(folder, {"name": "resumed"})
    for epochs in (((1, 3.0), (2, 2.0)), ((2, 1.5), (3, 1.0))):
        with RunWriter(folder, study="resumed", arm="a", seed=7) as run:
            for epoch, value in epochs:
                run.log({"train/loss": value}, epoch=epoch, step=10 * epoch)
    declare.write_arm(
        folder,
        {"arm": "a", "cell": {}, "params": {}, "config": {}, "datasets": {}, "default": True},
    )
    lines = _curves.Curves(read.load(folder).metrics, ["train/loss"]).of("a", "train/loss")
    assert [one.values.tolist() for one in lines] == [[3.0, 1.5, 1.0]]
    assert _curves.told(lines, "loss") == "loss over epochs until 3: seed 7 from 3 to 1"


def test_build_when_asked_for_then_it_is_written_beside_the_records(store: Path) -> None:
    words = ["report", "build", "won_back", "--store", str(store)]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    path = layout.study_folder(store, "won_back") / "report.html"
    assert result.exit_code == 0 and str(path) in result.output
    assert path.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("name", "out", "error"),
    [("bench", "report.pdf", ConfigError), ("benhc", "report.html", RecordError)],
)
def test_build_when_asked_for_what_cannot_be_then_it_says_what_can(
    store: Path, tmp_path: Path, name: str, out: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"bench|html"):
        build.build(name, store, tmp_path / out)


def test_build_when_faces_are_asked_for_and_nothing_was_judged_then_it_says_so(
    store: Path, tmp_path: Path
) -> None:
    words = ["report", "build", "bench", "--store", str(store), "--show-faces"]
    result = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "r.html")])
    assert result.exit_code == 0 and "No gallery" in result.output


@pytest.mark.slow
def test_build_when_a_study_has_a_hundred_runs_then_it_takes_less_than_twenty_seconds(
    tmp_path: Path, simulated: ModuleType
) -> None:
    study: Mapping[str, Any] = simulated.STUDY | {"name": "hundred", "cells": []}
    folder = layout.study_folder(tmp_path, "hundred")
    declare.write_study(folder, study)
    for arm in range(34):
        cell = {"head": f"m{arm}", "noise.closed.ratio": 0.2}
        name = simulated.arm(folder, cell, 0.5, default=True)
        for seed in range(3):
            with RunWriter(folder, study="hundred", arm=name, seed=seed) as run:
                for epoch in range(20):
                    told = {f"part/m{k}": 0.1 * k + epoch for k in range(30)}
                    run.log(told | {"selection/auc": 0.9}, epoch=epoch, step=epoch * 50)
                run.log({simulated.REPORT: 0.8 + arm / 1000}, epoch=20, step=1000)
        declare.write_verdict(folder, name, {"status": "complete", "message": ""})
    began = time.perf_counter()
    build.build("hundred", tmp_path)
    assert time.perf_counter() - began < 20
