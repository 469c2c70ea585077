"""A package outside the project adds a margin: found, trained with, and checked, as it would be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = '''\
"""A margin that grows with the cosine: c − m·((1 + c)/2)²."""

from typing import Literal

from frlib.core.config import setting
from frlib.heads.slots import Margin, Margined


class Config(Margin):
    """The largest margin."""

    name: Literal["{name}"] = "{name}"
    margin: float = setting(0.5, ge=0, le=1, doc="margin at cosine 1", unit="cosine")

    @property
    def rises(self) -> bool:
        """It does."""
        return True

    def apply(self, cos, amounts):
        """The formula."""
        value = {formula}
        return Margined(value, value)
'''
FORMULAS = {
    "square": "cos - self.margin * ((1 + cos) / 2).square()",
    "steep": "(cos.acos() + self.margin * (1 - cos.acos() / 3.14)).cos()",
}
TEST = """\
from frlib.testing.heads import margin_checks, parametrized


@parametrized(margin_checks("{name}", {{"margin": 0.2}}))
def test_margin_when_checked_then_holds(check):
    check()
"""
TRAIN = """
import torch
from frlib.core.config import digest, to_dict
from frlib.heads.build import build
from frlib.heads.presets import composed

config = composed.Config.parse({"margin": {"name": "square", "margin": 0.2}, "scale": 8.0})
assert digest(composed.Config.parse(to_dict(config))) == digest(config)
head = build(config, 7, 4, seed=1)
optimiser = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9)
labels = torch.arange(5)
emb = torch.nn.functional.one_hot(labels % 4, 4) + 0.1
losses = []
for step in range(3):
    optimiser.zero_grad()
    loss = head(emb, labels, epoch=0, step=step).loss
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
assert losses[0] > losses[1] > losses[2], losses
print(composed.label(config))
"""


def _package(folder: Path, name: str) -> Path:
    """As pip leaves it: a module, and the metadata that name it."""
    module = f"{name}_margin"
    folder.mkdir()
    (folder / f"{module}.py").write_text(
        MODULE.format(name=name, formula=FORMULAS[name]), encoding="utf-8"
    )
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[frlib.heads.margins]\n{name} = {module}\n")
    return folder


def _python(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that has the package on its path."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=package.parent,
        env={**os.environ, "PYTHONPATH": str(package), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def _checked(package: Path, name: str) -> subprocess.CompletedProcess[str]:
    """The shipped checks through pytest, from a test file of the package's own."""
    test = package.parent / f"test_{name}.py"
    test.write_text(TEST.format(name=name))
    options = ("-q", "-rf", "-p", "no:cacheprovider", "-W", "error")
    return _python(package, "-m", "pytest", *options, str(test))


def test_plugin_when_installed_then_has_a_page_like_any_other(tmp_path: Path) -> None:
    package = _package(tmp_path / "site", "square")
    shown = _python(package, "-m", "frlib", "head", "show", "margins.square")
    assert shown.returncode == 0, shown.stderr
    assert "c − m·((1 + c)/2)²" in shown.stdout
    assert "margin at cosine 1" in shown.stdout
    missing = _python(package, "-m", "frlib", "head", "show", "margins.squar")
    assert missing.returncode == 2
    assert "did you mean 'square'?" in missing.stderr + missing.stdout


def test_plugin_when_installed_then_a_composed_head_trains_with_it(tmp_path: Path) -> None:
    done = _python(_package(tmp_path / "site", "square"), "-c", TRAIN)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "Composed (square)"


def test_plugin_when_sound_then_all_shipped_checks_pass(tmp_path: Path) -> None:
    done = _checked(_package(tmp_path / "site", "square"), "square")
    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout


def test_plugin_when_not_finite_at_one_then_the_checks_say_where(tmp_path: Path) -> None:
    done = _checked(_package(tmp_path / "site", "steep"), "steep")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "[steep-finite]" in done.stdout
    assert "[steep-trains_finite]" in done.stdout
    assert "nan at cosine 1.0000" in done.stdout
    for sound in ("imports", "name", "config", "shapes", "rises", "slope", "crosses"):
        assert f"[steep-{sound}]" not in done.stdout, done.stdout
