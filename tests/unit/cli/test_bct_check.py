"""`frlib bct check`, from files to the sentence and the exit code."""

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from frlib.cli.main import app
from frlib.core.config import Config
from frlib.core.errors import ConfigError, DataError
from frlib.evaluate.features import Features
from tests.unit.evaluate.made_models import model, rotated, search
from tests.unit.evaluate.made_red import Red, write_faces


def _file(root: Path, name: str, given: Features) -> str:
    ids = np.array(given.ids.tolist())
    np.savez(root / f"{name}.npz", ids=ids, embeddings=given.plain)
    return str(root / f"{name}.npz")


def _made(root: Path) -> dict[str, str]:
    """An old model, a compatible one and one in another space, as files; and the search."""
    ids = search(root)
    old, new = model(ids, 1.6, "old"), model(ids, 0.5, "new")
    made = {"old": old, "new": new, "turned": rotated(new)}
    files = {name: _file(root, name, given) for name, given in made.items()}
    return files | {"gallery": str(root / "search.csv")}


def _check(root: Path, *arguments: str) -> Result:
    given = ["bct", "check", *arguments, "--store", str(root / "store")]
    return CliRunner().invoke(app, given, catch_exceptions=False)


def test_check_when_compatible_then_exit_0_and_one_sentence(tmp_path: Path) -> None:
    made = _made(tmp_path)
    found = _check(tmp_path, made["old"], made["new"], "--gallery", made["gallery"])
    assert found.exit_code == 0, found.output
    lines = found.stdout.splitlines()
    assert lines[-1].startswith("Compatible: identification-best-template tpir@fpir=0.1")
    for told in (
        "  old queries, old gallery",
        "  new queries, old gallery",
        "  old queries, new gallery",
        "  new queries, new gallery",
        "  gain of the update",
        "  right, then wrong",
        "  50 % indexed again",
    ):
        assert any(line.startswith(told) for line in lines), told
    table = found.stdout.split("\n\n")[0].splitlines()
    assert max(len(line) for line in table) <= 80


def test_check_when_not_compatible_or_not_decided_then_exit_1(tmp_path: Path) -> None:
    made = _made(tmp_path)
    turned = _check(tmp_path, made["old"], made["turned"], "--gallery", made["gallery"])
    assert turned.exit_code == 1
    assert turned.stdout.splitlines()[-1].startswith("Not compatible: ")
    same = _check(tmp_path, made["old"], made["old"], "--gallery", made["gallery"])
    assert same.exit_code == 1
    assert same.stdout.splitlines()[-1].startswith("Not decided by this gallery: ")
    wanted = ("--gallery", made["gallery"], "--target", "90")
    assert _check(tmp_path, made["old"], made["new"], *wanted).exit_code == 1


def test_check_when_json_and_kept_then_the_same_numbers_in_files(tmp_path: Path) -> None:
    made = _made(tmp_path)
    out = tmp_path / "out"
    found = _check(
        tmp_path,
        *(made["old"], made["new"], "--gallery", made["gallery"]),
        *("--json", "--out", str(out)),
    )
    report = json.loads(found.stdout)
    assert report == json.loads((out / "report.json").read_text())
    assert report["verdict"]["state"] == "compatible"
    assert len({row["share"] for row in report["backfill"]}) == 11
    assert (out / "backfill.png").read_bytes().startswith(b"\x89PNG")
    page = (out / "table.md").read_text()
    assert report["verdict"]["sentence"] in page
    assert "| new queries, old gallery |" in page
    for test in ("self-old", "cross", "reversed", "self-new"):
        assert list((out / test / "scores").rglob("*.parquet")), test


def test_check_when_sizes_differ_then_a_rule_is_asked_for(tmp_path: Path) -> None:
    made = _made(tmp_path)
    given = model(search(tmp_path), 0.5, "new")
    wide = Features(given.ids, np.pad(given.plain, ((0, 0), (0, 4)), constant_values=0.1))
    new = _file(tmp_path, "wide", wide)
    with pytest.raises(ConfigError, match=r"old\.npz .* has 16 dimensions, wide\.npz .* has 20"):
        _check(tmp_path, made["old"], new, "--gallery", made["gallery"])
    arguments = (made["old"], new, "--gallery", made["gallery"], "--dimensions", "truncate")
    found = _check(tmp_path, *arguments)
    assert found.exit_code == 0
    assert "(first 16 of 20 coordinates)" in found.stdout


def test_check_when_the_old_file_lacks_images_then_told(tmp_path: Path) -> None:
    made = _made(tmp_path)
    ids = search(tmp_path)
    fewer = _file(tmp_path, "fewer", model(ids, 1.6, "old").take(np.arange(60)))
    with pytest.raises(DataError, match=r"fewer\.npz.*300 of 360 images"):
        _check(tmp_path, fewer, made["new"], "--gallery", made["gallery"])


class _Blind(Red):
    """The red model in a space of its own: blocks in another order and sign."""

    about: ClassVar[dict[str, Any]] = {**Red.about, "digest": "blind"}
    seen: ClassVar[list[int]] = []

    def embed(self, images: np.ndarray) -> np.ndarray:
        self.seen.append(len(images))
        return -super().embed(images)[:, ::-1].copy()


def test_check_when_models_and_a_folder_of_people_then_each_image_is_embedded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = {"red": Red(), "blind": _Blind()}

    class Named(Config):
        which: str

    monkeypatch.setattr("frlib.evaluate.model.named", lambda text: Named(which=text))
    monkeypatch.setattr(
        "frlib.evaluate.model.open_model", lambda config, device: models[config.which]
    )
    faces = str(write_faces(tmp_path / "faces", 0))
    _Blind.seen.clear()
    arguments = ("red", "blind", "--gallery", faces, "--no-mirrored", "--check-pairs", "0")
    for _ in range(2):
        found = _check(tmp_path, *arguments)
        assert found.exit_code == 1
        assert found.stdout.splitlines()[-1].startswith("Not compatible: ")
    assert sum(_Blind.seen) == 80
    assert "new: made blind (as it is)" in found.stdout


def test_check_when_the_old_model_is_fed_swapped_channels_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Named(Config):
        which: str

    monkeypatch.setattr("frlib.evaluate.model.named", lambda text: Named(which=text))
    monkeypatch.setattr("frlib.evaluate.model.open_model", lambda config, device: Red())
    faces = write_faces(tmp_path / "faces", 2)
    rows = [one.relative_to(faces).as_posix() for one in sorted(faces.rglob("*.jpg"))]
    vectors = model(rows, 0.5, "new")
    new = _file(tmp_path, "new", Features(vectors.ids, np.pad(vectors.plain, ((0, 0), (0, 9)))))
    found = _check(tmp_path, "red", new, "--gallery", str(faces), "--no-mirrored")
    assert "WARNING old model: " in found.stdout
    assert "looks like swapped channels" in found.stdout
    assert "WARNING new model" not in found.stdout


def test_check_when_the_old_images_were_listed_otherwise_then_the_same_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from frlib.data.sources import named_files
    from frlib.evaluate import extract

    class Named(Config):
        which: str

    monkeypatch.setattr("frlib.evaluate.model.named", lambda text: Named(which=text))
    monkeypatch.setattr("frlib.evaluate.model.open_model", lambda config, device: _Blind())
    faces = write_faces(tmp_path / "faces", 0)
    names = sorted(one.relative_to(faces).as_posix() for one in faces.rglob("*.jpg"))
    listed = ["path,identity", *(f"{one},of {one.split('/')[0]}" for one in reversed(names))]
    (faces / "people.csv").write_text("\n".join(listed) + "\n")
    source = named_files.Config(path=str(faces / "people.csv"))
    old = extract.extract(Red(), source, tmp_path / "store")
    old.save(tmp_path / "old.arrow")
    arguments = (str(tmp_path / "old.arrow"), "blind", "--gallery", str(faces))
    assert _check(tmp_path, *arguments).exit_code == 1
    (faces / names[0]).write_bytes((faces / names[-1]).read_bytes())
    with pytest.raises(DataError, match="same names and other contents"):
        _check(tmp_path, *arguments)


def test_check_when_run_brings_a_projection_then_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from frlib.cli.eval import given

    ids = search(tmp_path)
    new = rotated(model(ids, 0.5, "new"))
    turn = np.linalg.lstsq(new.plain, model(ids, 0.5, "new").plain, rcond=None)[0].T
    old = _file(tmp_path, "old", model(ids, 1.6, "old"))
    sides = {old: given.by_kind(old, "cpu"), "run": given.Given(new, None, turn)}
    monkeypatch.setattr("frlib.cli.eval.given.by_kind", lambda text, device: sides[text])
    found = _check(tmp_path, old, "run", "--gallery", str(tmp_path / "search.csv"))
    assert found.exit_code == 0, found.output
    assert "(times the matrix that was learned with it)" in found.stdout
