"""Promises about the repository itself."""

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP = {"README.md", "pyproject.toml", "LICENSE", "studies", "frlib", "cluster", "tests", "analysis"}


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return listed.stdout.splitlines()


def test_top_level_when_listed_then_holds_the_agreed_names_and_dotfiles() -> None:
    found = {name.split("/")[0] for name in _tracked()}
    assert {name for name in found if not name.startswith(".")} == TOP


def test_dependencies_when_listed_then_are_bounded_on_both_sides() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for line in project["dependencies"]:
        assert "==" in line or (">=" in line and "<" in line), line


def test_readme_when_read_then_its_two_commands_and_the_tests_of_ci_agree() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "pip install -e . && .venv/bin/frlib study run smoke" in readme
    assert '.venv/bin/pip install -e ".[test]" && .venv/bin/pytest' in readme
    assert '-e ".[test]"' in (ROOT / ".ci/run").read_text()


def test_published_tables_when_packaged_then_are_declared() -> None:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert "published/*.csv" in tool["package-data"]["studies"]
    assert list((ROOT / "studies/published").glob("*.csv"))
