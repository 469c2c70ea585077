"""What Ray would send of a working folder: its own rules, asked before anything is sent.

Left out: `.gitignore` and `.rayignore` of every folder, Ray's own names (`.git`, `.venv`, ...), and
what the caller excludes. The archive is not compressed, and goes through the dashboard.
"""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from frlib.core.errors import ClusterError

Excluded = Callable[[Path], bool]


@dataclass(frozen=True)
class Contents:
    """files: (name, bytes), largest first. excluded: names of the topmost that are left out.

    limit: bytes that a dashboard of this version takes.
    """

    folder: Path
    files: tuple[tuple[str, int], ...]
    excluded: tuple[str, ...]
    limit: int

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(size for _, size in self.files)


def contents(folder: Path, excludes: Sequence[str]) -> Contents:
    """What goes along; `ClusterError` where there is no such folder, or a file cannot be read."""
    from ray._private import ray_constants
    from ray._private.runtime_env.packaging import _get_excludes

    if not folder.is_dir():
        raise ClusterError(f"--working-dir {folder}: no such folder")
    root = folder.absolute()
    names = [*ray_constants.get_runtime_env_default_excludes(), *excludes]
    files: list[tuple[str, int]] = []
    left: list[str] = []
    _walk(root, root, [_get_excludes(root, names)], files, left)
    files.sort(key=lambda one: (-one[1], one[0]))
    limit = int(ray_constants.DASHBOARD_CLIENT_MAX_SIZE)
    return Contents(root, tuple(files), tuple(sorted(left)), limit)


def _walk(
    root: Path, here: Path, rules: list[Excluded], files: list[tuple[str, int]], left: list[str]
) -> None:
    from ray._private.runtime_env.packaging import get_excludes_from_ignore_files

    name = here.relative_to(root).as_posix()
    own: list[Excluded] = get_excludes_from_ignore_files(
        here, include_gitignore=_reads_gitignore(), logger=logging.getLogger("frlib.unheard")
    )
    if any(rule(here) for rule in [*rules, *own]):
        left.append(name)
        return
    try:
        if here.is_file():
            files.append((name, here.stat().st_size))
        elif here.is_dir():
            before, known = len(files), len(left)
            for inner in sorted(here.iterdir()):
                _walk(root, inner, [*rules, *own], files, left)
            if len(files) == before and len(left) > known:
                left[known:] = [name]
    except OSError as error:
        raise ClusterError(
            f"{here}: {error.strerror}; it would go along with the job. Exclude it (--exclude)"
        ) from error


def _reads_gitignore() -> bool:
    return os.environ.get("RAY_RUNTIME_ENV_IGNORE_GITIGNORE", "0") != "1"
