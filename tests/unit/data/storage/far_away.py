"""A file system behind a URI that serves a local folder, tells what was asked, waits and fails."""

import errno
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import fs

from frlib.data.storage import places

Before = Callable[[str, int, int], None]


class FarAway(fs.FileSystemHandler):
    """`reads`: (name, start, size) of every read begun. `before`: called ahead of each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.reads: list[tuple[str, int, int]] = []
        self.asked: list[str] = []
        self.before: Before = lambda name, start, size: None
        self.lock = threading.Lock()

    def get_type_name(self) -> str:
        return "far"

    def normalize_path(self, path: str) -> str:
        return path

    def get_file_info(self, paths: list[str]) -> list[fs.FileInfo]:
        self.asked += paths
        self.before(paths[0], -1, 0)
        return [self._info(path) for path in paths]

    def get_file_info_selector(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        self.asked.append(f"list {selector.base_dir}")
        base = self.root / selector.base_dir
        if not base.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder", selector.base_dir)
        found = base.rglob("*") if selector.recursive else base.glob("*")
        return [self._info(path.relative_to(self.root).as_posix()) for path in found]

    def open_input_file(self, path: str) -> Any:
        if not (self.root / path).is_file():
            raise FileNotFoundError(errno.ENOENT, "no such file", path)
        return pa.PythonFile(_File(self, path), mode="r")

    def _info(self, path: str) -> fs.FileInfo:
        here = self.root / path
        if not here.exists():
            return fs.FileInfo(path, fs.FileType.NotFound)
        if here.is_dir():
            return fs.FileInfo(path, fs.FileType.Directory)
        stat = here.stat()
        return fs.FileInfo(path, fs.FileType.File, size=stat.st_size, mtime_ns=stat.st_mtime_ns)

    def _refuse(self, *paths: Any, **how: Any) -> Any:
        raise AssertionError(f"data is only read, asked for {paths}")

    open_input_stream = open_output_stream = open_append_stream = _refuse
    create_dir = delete_dir = delete_dir_contents = delete_root_dir_contents = _refuse
    delete_file = move = copy_file = _refuse


class _File:
    def __init__(self, system: FarAway, path: str) -> None:
        self._system, self._path, self._at, self.closed = system, path, 0, False
        self._data = (system.root / path).read_bytes()

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._at + size
        with self._system.lock:
            self._system.reads.append((self._path, self._at, size))
        self._system.before(self._path, self._at, size)
        data = self._data[self._at : end]
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, len(self._data))[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def flush(self) -> None:
        """Nothing to flush."""

    def close(self) -> None:
        self.closed = True


def serve(root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[FarAway, str]:
    """The handler of `root` and the URI of its top: far://<unique>."""
    system = FarAway(root)
    uri = f"far://{root.name}-{id(system)}"
    real = places.open_system

    def opened(text: str) -> tuple[fs.FileSystem, str]:
        return (fs.PyFileSystem(system), "") if text.startswith(uri) else real(text)

    monkeypatch.setattr(places, "open_system", opened)
    return system, uri
