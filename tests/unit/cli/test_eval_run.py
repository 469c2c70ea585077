"""`frlib eval run` and `compare`, from files to the printed table."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from frlib.cli.main import app
from frlib.core.config import Config
from frlib.core.errors import ConfigError
from tests.unit.data.tiny_sets import people, write_folder
from tests.unit.evaluate.made_pairs import features, listed
from tests.unit.evaluate.made_red import Red, write_faces


def _made(root: Path) -> tuple[str, str]:
    pairs = listed()
    rows = zip(pairs.fold, pairs.left, pairs.right, pairs.same, strict=True)
    lines = [f"{fold},{a},{b},{int(same)}" for fold, a, b, same in rows]
    (root / "own.csv").write_text("\n".join(["fold,path_a,path_b,same", *lines]) + "\n")
    for name, noise in (("good", 0.3), ("bad", 2.5)):
        given = features(pairs, noise)
        ids = np.array(given.ids.tolist())
        np.savez(root / f"{name}.npz", ids=ids, embeddings=given.plain)
    return str(root / "own.csv"), str(root / "good.npz")


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["eval", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_run_when_all_variants_then_one_table_and_its_notes(tmp_path: Path) -> None:
    pairs, good = _made(tmp_path)
    shown = _run("run", pairs, "--embeddings", good, "--all-variants", "--store", str(tmp_path))
    for name in ("insightface4-single", "boundaryface4-single", "facexzoo4", "exact4-single"):
        assert name in shown
    assert "40 impostor pairs; FAR 0.001 needs 1,000" in shown
    assert "colour order not known" in shown
    assert "overlap with training was not checked: no --train set is given" in shown


def test_run_when_kept_then_compare_finds_the_difference(tmp_path: Path) -> None:
    pairs, _ = _made(tmp_path)
    for name in ("good", "bad"):
        given = str(tmp_path / f"{name}.npz")
        _run("run", pairs, "--embeddings", given, "--out", str(tmp_path / name))
    folders = [str(tmp_path / name / "own") for name in ("good", "bad")]
    (one,) = json.loads(_run("compare", *folders, "--json"))
    assert one["scores"] == "own/insightface4-single"
    assert one["a"] > one["b"]
    assert one["mcnemar"]["p"] < 0.01


def test_run_when_json_then_rows_carry_what_they_were_made_with(tmp_path: Path) -> None:
    pairs, good = _made(tmp_path)
    (report,) = json.loads(_run("run", pairs, "--embeddings", good, "--json"))
    row = report["rows"][0]
    assert row["flip"].startswith("one view given")
    assert row["normalisation"] == "L2 of the sum, float64"
    assert row["colour"] is None
    assert row["interval"] == "bootstrap over people"


def test_run_when_training_shares_people_then_warned(tmp_path: Path) -> None:
    pairs, good = _made(tmp_path)
    everyone = {f"p{k}": people(2, first_seed=100 * k)["p00"] for k in range(40)}
    images = write_folder(tmp_path / "images", everyone)
    train = write_folder(tmp_path / "train", {"p3": everyone["p3"]})
    shown = _run(
        *("run", pairs, "--embeddings", good, "--images", str(images)),
        *("--train", str(train), "--store", str(tmp_path / "store")),
    )
    assert "2 of 80 evaluated images are in the training set" in shown
    assert "1 of 40 evaluated people are named in the training set" in shown


@pytest.mark.parametrize(("channel", "is_swapped"), [(0, False), (2, True)])
def test_run_when_a_model_is_given_then_embedded_and_its_colours_checked(
    channel: int, is_swapped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs, _ = _made(tmp_path)
    monkeypatch.setattr("frlib.evaluate.model.named", lambda text: Config())
    monkeypatch.setattr("frlib.evaluate.model.open_model", lambda config, device: Red())
    images = str(write_faces(tmp_path / "images", channel))
    shown = _run(
        *("run", pairs, "--model", "made", "--images", images, "--json"),
        *("--store", str(tmp_path / "store")),
    )
    (report,) = json.loads(shown)
    swapped = [text for text in report["warnings"] if "looks like swapped channels" in text]
    assert bool(swapped) == is_swapped
    assert (report["rows"][0]["value"] > 0.9) == (not is_swapped)
    assert report["rows"][0]["variant"] == "insightface4"
    assert report["rows"][0]["colour"] == "RGB"
    assert report["about"]["checks"]["colour_and_alignment"]["own"]["pairs"] == 80


def test_run_when_a_model_has_no_images_then_says_which_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs, _ = _made(tmp_path)
    monkeypatch.setattr("frlib.evaluate.model.named", lambda text: Config())
    monkeypatch.setattr("frlib.evaluate.model.open_model", lambda config, device: Red())
    with pytest.raises(ConfigError, match="Give --images"):
        _run("run", pairs, "--model", "made")


def test_run_when_model_and_embeddings_or_neither_then_usage(tmp_path: Path) -> None:
    pairs, good = _made(tmp_path)
    for given in ([], ["--model", "m", "--embeddings", good]):
        with pytest.raises(ConfigError, match="one of them"):
            CliRunner().invoke(app, ["eval", "run", pairs, *given], catch_exceptions=False)


def test_run_when_out_cannot_be_a_folder_then_refused_before_anything_is_read(
    tmp_path: Path,
) -> None:
    pairs, _ = _made(tmp_path)
    with pytest.raises(ConfigError, match="no folder can be made here"):
        _run("run", pairs, "--embeddings", str(tmp_path / "none.npz"), "--out", pairs)


def test_run_when_two_protocols_have_one_name_then_the_first_is_kept(tmp_path: Path) -> None:
    pairs, good = _made(tmp_path)
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match="two protocols of one name, own"):
        _run("run", pairs, pairs, "--embeddings", good, "--out", str(out))
    assert (out / "own" / "report.json").is_file()


def test_compare_when_given_the_folders_of_out_then_finds_their_reports(tmp_path: Path) -> None:
    pairs, good = _made(tmp_path)
    for name in ("a", "b"):
        _run("run", pairs, "--embeddings", good, "--out", str(tmp_path / name))
    (one,) = json.loads(_run("compare", str(tmp_path / "a"), str(tmp_path / "b"), "--json"))
    assert one["scores"] == "own/insightface4-single"
    shown = _run("compare", str(tmp_path / "a"), str(tmp_path / "b"))
    assert "[1] own/insightface4-single" in shown


def test_run_when_every_variant_is_shown_then_rows_fit_80_columns_uncut(tmp_path: Path) -> None:
    pairs, good = _made(tmp_path)
    shown = _run("run", pairs, "--embeddings", good, "--all-variants", "--store", str(tmp_path))
    table = shown.split("\n\n")[0].splitlines()
    assert len(table) > 30
    assert max(len(line) for line in table) <= 80
    assert "…" not in shown


def _second(root: Path, dimensions: int = 16) -> str:
    given = features(listed(), 0.5)
    wide = np.pad(given.plain, ((0, 0), (0, dimensions - 16)))
    np.savez(root / "second.npz", ids=np.array(given.ids.tolist()), embeddings=wide)
    return str(root / "second.npz")


def test_run_when_another_model_is_enrolled_then_sides_are_named(tmp_path: Path) -> None:
    pairs, good = _made(tmp_path)
    second = _second(tmp_path)
    arguments = ("run", pairs, "--embeddings", good)
    cross = _run(*arguments, "--enrolled-embeddings", second)
    assert "own: enrolled second.npz" in cross
    assert "query good.npz" in cross
    alone, same = (
        json.loads(_run(*arguments, *further, "--json"))
        for further in ((), ("--enrolled-embeddings", good))
    )
    assert alone[0]["rows"] == same[0]["rows"]
    assert "sides" not in alone[0]["about"]


def test_run_when_sizes_differ_then_a_rule_is_asked_for(tmp_path: Path) -> None:
    pairs, good = _made(tmp_path)
    both = ("run", pairs, "--embeddings", good, "--enrolled-embeddings", _second(tmp_path, 20))
    with pytest.raises(ConfigError, match="has 20 dimensions"):
        _run(*both)
    assert "(first 16 of 20 coordinates)" in _run(*both, "--dimensions", "truncate")
    assert "(4 zeros appended)" in _run(*both, "--dimensions", "pad")
    with pytest.raises(ConfigError, match="rule for two models"):
        _run("run", pairs, "--embeddings", good, "--dimensions", "pad")


def test_run_when_the_enrolled_model_is_given_twice_then_usage(tmp_path: Path) -> None:
    pairs, good = _made(tmp_path)
    with pytest.raises(ConfigError, match="not both"):
        _run(
            *("run", pairs, "--embeddings", good),
            *("--enrolled", "m", "--enrolled-embeddings", good),
        )
