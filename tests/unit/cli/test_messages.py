"""What a user who gets it wrong is told, and the exit code."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frlib.cli.main import main

STUDY = """
from frlib.data.config import DataConfig, PairBenchmark
from frlib.data.sources import image_folder
from frlib.study.schema import Study
from frlib.train.config import TrainConfig

def study():
    images = image_folder.Config(path={path!r})
    own = PairBenchmark(name="own", images=images, folds=2, num_pairs=20)
    data = DataConfig(train=images, size=32, benchmarks=(own,))
    return Study(name="own", question="?", base=TrainConfig(data=data, epochs=1, batch_size=8),
                 axes={{"noise.closed.ratio": (0.0,)}}, report=("own/insightface10/accuracy",))
"""


def _run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["frlib", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path]:
    """A study of one's own over an image folder: (study file, image folder)."""
    images = tmp_path / "images"
    grey = np.random.default_rng(0)
    for person in range(4):
        for shot in range(3):
            path = images / f"p{person}" / f"{shot}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(grey.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(path)
    study = tmp_path / "own.py"
    study.write_text(STUDY.format(path=str(images)))
    return study, images


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("study", "show", "smoek"), r"'smoek': no such choice in studies (did you mean 'smoke'?)"),
        (("study", "show", "missing.py"), "missing.py: no such study file"),
        (("study", "plan", "smoke", "--set", "base.epohcs=3"), "did you mean 'epochs'?"),
        (("study", "plan", "smoke", "--set", "base.noise.closed.ratio=1.2"), "closed.ratio"),
        (("study", "plan", "smoke", "--set", "base.head=arcfce"), "did you mean 'arcface'?"),
        (("study", "plan", "smoke", "--set", "epochs"), "path=value"),
        (("head", "show", "boundry"), "did you mean 'boundary'?"),
    ],
)
def test_main_when_a_name_or_value_is_wrong_then_says_what_to_do_and_exits_2(
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _run(monkeypatch, *words) == 2
    assert message in capsys.readouterr().err


def test_table_build_when_nothing_is_recorded_then_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert _run(monkeypatch, "table", "build", "smoke", "--store", str(tmp_path)) == 1
    assert "frlib study run smoke" in capsys.readouterr().err


def test_plan_when_a_folder_is_fine_then_exits_0_and_starts_nothing(
    own: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    store = tmp_path / "store"
    assert _run(monkeypatch, "study", "plan", str(own[0]), "--store", str(store)) == 0
    assert "1 cells, 1 arms" in capsys.readouterr().out
    assert not (store / "studies").exists()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("folder", ("does not exist",)),
        ("class", ("p0", "image")),
    ],
)
def test_plan_when_the_data_is_wrong_then_names_it_and_exits_1(
    damage: str,
    words: tuple[str, ...],
    own: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    study, images = own
    if damage == "folder":
        images.rename(tmp_path / "elsewhere")
    else:
        for path in (images / "p0").iterdir():
            path.unlink()
    assert _run(monkeypatch, "study", "plan", str(study), "--store", str(tmp_path / "s")) == 1
    error = capsys.readouterr().err
    assert all(word in error for word in ("DataError", *words))


def test_plan_when_the_store_cannot_be_made_then_says_so(
    own: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    store = str(tmp_path / "file" / "store")
    assert _run(monkeypatch, "study", "run", str(own[0]), "--store", store) == 2
    assert "cannot be written" in capsys.readouterr().err


def _imports(code: str) -> set[str]:
    heavy = "('torch', 'ray', 'mlflow', 'optuna', 'pandas')"
    check = f"{code}\nimport sys\nprint(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


def test_help_when_asked_then_imports_nothing_heavy() -> None:
    assert _imports("import frlib.cli.main") == set()


def test_studies_when_found_then_no_torch_and_no_ray_are_imported() -> None:
    code = "from frlib.study.find import find, names\n[find(n) for n in names()]"
    assert not _imports(code) & {"torch", "ray", "mlflow", "optuna"}


def test_analysis_when_imported_then_no_torch_and_no_ray_are_imported() -> None:
    assert not _imports("import analysis.build") & {"torch", "ray", "mlflow", "optuna"}
