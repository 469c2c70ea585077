"""Which commit of frlib runs, where it runs from a git checkout."""

import os
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from frlib.core.errors import RecordError

VARIABLE = "FRLIB_COMMIT"
"""What a job is told of the checkout its working folder was copied from (`written`)."""
_CHANGED = "+changed"
_PATIENCE_S = 10.0
_INSTALLED = ("site-packages", "dist-packages")
_HEX = set("0123456789abcdef")


@cache
def told(inside: Path = Path(__file__)) -> dict[str, Any] | None:
    """`{"commit": 40 hex digits, "changed": bool}`, asked once a process; None outside a checkout.

    changed: tracked files differ from that commit; None where git is not there to say so. An
    installed copy is of no checkout, also where its environment lies in somebody's repository. The
    copy that a job runs in is of the checkout it was told of.
    """
    for folder in inside.resolve().parents:
        if folder.name in _INSTALLED:
            return None
        if (folder / ".git").exists():
            found = commit(folder)
            return None if found is None else {"commit": found, "changed": _is_changed(folder)}
    return _heard(os.environ.get(VARIABLE, ""))


def written(told: Mapping[str, Any]) -> str:
    """What `told` found as one word, for `VARIABLE`."""
    return f"{told['commit']}{_CHANGED if told['changed'] else ''}"


def commit(checkout: Path) -> str | None:
    """What HEAD of a checkout (or linked worktree) names, read from its files."""
    try:
        home = _home(checkout / ".git")
        head = (home / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return _hex(head)
        name = head.removeprefix("ref: ")
        shared = home / "commondir"
        common = (home / shared.read_text().strip()) if shared.is_file() else home
        loose = common / name
        if loose.is_file():
            return _hex(loose.read_text().strip())
        packed = (common / "packed-refs").read_text().splitlines()
    except (OSError, RecordError):
        return None
    return next((_hex(line.split()[0]) for line in packed if line.endswith(f" {name}")), None)


def _heard(word: str) -> dict[str, Any] | None:
    found = _hex(word.removesuffix(_CHANGED))
    return None if found is None else {"commit": found, "changed": word.endswith(_CHANGED)}


def _home(git: Path) -> Path:
    if git.is_dir():
        return git
    told, _, place = git.read_text().strip().partition(": ")
    if told != "gitdir":
        raise RecordError(f"{git}: begins with {told!r}, expected gitdir")
    return git.parent / place


def _hex(text: str) -> str | None:
    return text if len(text) in (40, 64) and set(text) <= _HEX else None


def _is_changed(checkout: Path) -> bool | None:
    try:
        done = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=checkout,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            timeout=_PATIENCE_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return bool(done.stdout.strip())
