"""A store behind a URI that keeps its files in a local folder, and fails when it is told to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pyarrow import fs

from frlib.core import published
from frlib.remote import systems
from frlib.remote.copy import WorkingCopy

URI = "far://bucket/store"
Before = Callable[[str, str], None]


class Faulty(fs.FileSystemHandler):
    """calls: (what, path) of every call. `before`: called ahead of each."""

    def __init__(self, root: Path) -> None:
        self._real = fs.SubTreeFileSystem(str(root), fs.LocalFileSystem())
        self.calls: list[tuple[str, str]] = []
        self.before: Before = lambda what, path: None
        self._lock = threading.Lock()

    def names(self, what: str) -> list[str]:
        """Last components of the paths of one kind of call."""
        return [path.rpartition("/")[2] for kind, path in self.calls if kind == what]

    @contextmanager
    def away(self) -> Iterator[None]:
        """Inside this, it does not answer."""

        def fail(what: str, path: str) -> None:
            raise OSError(f"{what}: no route to host")

        self.before = fail
        try:
            yield
        finally:
            self.before = lambda what, path: None

    def _told(self, what: str, path: str) -> None:
        with self._lock:
            self.calls.append((what, path))
        self.before(what, path)

    def get_type_name(self) -> str:
        return "far"

    def normalize_path(self, path: str) -> str:
        return path

    def get_file_info(self, paths: list[str]) -> Any:
        self._told("stat", paths[0])
        return self._real.get_file_info(paths)

    def get_file_info_selector(self, selector: fs.FileSelector) -> Any:
        self._told("list", selector.base_dir)
        return self._real.get_file_info(selector)

    def create_dir(self, path: str, recursive: bool) -> None:
        self._real.create_dir(path, recursive=recursive)

    def delete_dir(self, path: str) -> None:
        self._real.delete_dir(path)

    def delete_dir_contents(self, path: str, missing_dir_ok: bool = False) -> None:
        self._real.delete_dir_contents(path, missing_dir_ok=missing_dir_ok)

    def delete_root_dir_contents(self) -> None:
        raise AssertionError("a store is never emptied")

    def delete_file(self, path: str) -> None:
        self._told("remove", path)
        self._real.delete_file(path)

    def move(self, src: str, dest: str) -> None:
        self._told("move", dest)
        self._real.move(src, dest)

    def copy_file(self, src: str, dest: str) -> None:
        self._real.copy_file(src, dest)

    def open_input_stream(self, path: str) -> Any:
        self._told("get", path)
        return self._real.open_input_stream(path)

    def open_input_file(self, path: str) -> Any:
        return self._real.open_input_file(path)

    def open_output_stream(self, path: str, metadata: Any) -> Any:
        self._told("put", path)
        return self._real.open_output_stream(path)

    def open_append_stream(self, path: str, metadata: Any) -> Any:
        raise AssertionError("files of a store are put whole")


class Machines:
    """far: the store. root: where it keeps its files."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = folder / "far"
        self.root.mkdir()
        self.far, self._folder = Faulty(self.root), folder
        self._opened: list[WorkingCopy] = []
        system = fs.PyFileSystem(self.far)
        monkeypatch.setattr(systems, "open_store", lambda uri: (system, "bucket/store"))

    def copy(self, name: str) -> WorkingCopy:
        """The working copy of a machine of this name; registered, so that files in it are sent."""
        folder = self._folder / name
        found = WorkingCopy(URI, folder)
        published.register(folder, found)
        self._opened.append(found)
        return found

    def stored(self) -> list[str]:
        """Of all files of the store, records and artefacts only."""
        store = self.root / "bucket" / "store"
        found = [p.relative_to(store).as_posix() for p in store.rglob("*") if p.is_file()]
        return sorted(key for key in found if not key.startswith("claims/"))

    def content(self, key: str) -> str:
        return (self.root / "bucket" / "store" / key).read_text()

    def close(self) -> None:
        for one in self._opened:
            one.close()
        published.forget()
