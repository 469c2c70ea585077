import shutil
import subprocess
from pathlib import Path

import pytest

from frlib.core import checkout

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> str:
    named = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(
        ["git", *named, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-b", "main")
    (tmp_path / "a.py").write_text("1")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "-m", "first")
    return tmp_path


def test_commit_when_loose_packed_or_detached_then_it_is_that_of_git(folder: Path) -> None:
    head = git(folder, "rev-parse", "HEAD")
    assert checkout.commit(folder) == head
    git(folder, "pack-refs", "--all")
    assert checkout.commit(folder) == head
    git(folder, "checkout", "--detach")
    assert checkout.commit(folder) == head


def test_commit_when_in_a_worktree_then_it_is_that_of_git(folder: Path) -> None:
    git(folder, "worktree", "add", "-b", "other", str(folder / "tree"))
    assert checkout.commit(folder / "tree") == git(folder, "rev-parse", "HEAD")


def test_told_when_a_tracked_file_differs_then_it_says_so(folder: Path) -> None:
    (folder / "new.py").write_text("not tracked")
    found = checkout.told(folder / "a.py")
    assert found == {"commit": git(folder, "rev-parse", "HEAD"), "changed": False}
    (folder / "a.py").write_text("2")
    checkout.told.cache_clear()
    assert checkout.told(folder / "a.py") == found | {"changed": True}


def test_told_when_outside_a_checkout_or_before_its_first_commit_then_none(tmp_path: Path) -> None:
    assert checkout.told(tmp_path / "a.py") is None
    git(tmp_path, "init")
    checkout.told.cache_clear()
    assert checkout.told(tmp_path / "a.py") is None


def test_told_when_installed_inside_a_repository_then_its_commit_is_not_taken_for_frlibs(
    folder: Path,
) -> None:
    installed = folder / ".venv" / "lib" / "site-packages" / "frlib" / "core" / "checkout.py"
    checkout.told.cache_clear()
    assert checkout.told(installed) is None
    checkout.told.cache_clear()
    assert checkout.told(folder / "frlib" / "core" / "checkout.py") is not None


def test_told_when_in_a_copy_that_a_job_runs_in_then_it_is_of_the_checkout_it_was_sent_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "working_dir" / "frlib" / "a.py"
    for changed in (True, False):
        told = {"commit": "a1" * 20, "changed": changed}
        monkeypatch.setenv(checkout.VARIABLE, checkout.written(told))
        checkout.told.cache_clear()
        assert checkout.told(inside) == told
    monkeypatch.setenv(checkout.VARIABLE, "not a commit")
    checkout.told.cache_clear()
    assert checkout.told(inside) is None
