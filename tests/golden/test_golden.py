"""Every golden file is checked, or skipped as `pending` by name; a file nobody knows fails.

The folder is `FRLIB_GOLDEN`, by default `data` beside this file, with `heads/`, `bct/` and `eval/`.
What to do with a file of `heads/` follows from its own `meta`, never from its name.
"""

import importlib
import os
import pkgutil
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.golden import adapters
from tests.golden.case import Case, Check, Pending, files, load, meta_of


def golden_folder() -> Path:
    """Where the golden files are."""
    return Path(os.environ.get("FRLIB_GOLDEN") or Path(__file__).parent / "data")


def cases(root: Path) -> Iterator[Case]:
    """Every case of a golden folder."""
    methods, sources = _adapters()
    from_sources = [
        case for folder, source in sources if (root / folder).is_dir() for case in source(root)
    ]
    checked = {case.id.partition(":")[0] for case in from_sources}
    for path in files(root):
        part, name = path.relative_to(root).parts[0], path.relative_to(root).as_posix()
        if part == "heads":
            yield _of_method(path, name, methods)
        elif part == "bct" and name not in checked:
            yield Case(name, None, f"backward-compatible training {path.stem}")
        elif part not in ("bct", "eval"):
            yield Case(name, partial(_fail, f"{name}: not a file of heads/, bct/ or eval/"))
    yield from from_sources


def _adapters() -> tuple[dict[str, Check], list[tuple[str, Callable[[Path], Iterator[Case]]]]]:
    methods: dict[str, Check] = {}
    sources = []
    for found in pkgutil.iter_modules(adapters.__path__):
        module = importlib.import_module(f"{adapters.__name__}.{found.name}")
        known: dict[str, Check] = getattr(module, "METHODS", {})
        assert not methods.keys() & known, f"two adapters for {sorted(methods.keys() & known)}"
        methods |= known
        if hasattr(module, "cases"):
            sources.append((getattr(module, "FOLDER", "eval"), module.cases))
    return methods, sources


def _of_method(path: Path, name: str, methods: dict[str, Check]) -> Case:
    try:
        method = str(meta_of(path)["method"])
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        return Case(name, partial(_fail, f"{name}: not a golden file ({error!r})"))
    if method in methods:
        return Case(name, partial(_run, path, methods[method]))
    return Case(name, partial(_fail, f"{name}: no adapter knows the method {method!r}"))


def _run(path: Path, check: Check) -> None:
    check(*load(path))


def _fail(message: str) -> None:
    raise AssertionError(message)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", list(cases(golden_folder())), ids=lambda case: case.id)


def test_golden(case: Case) -> None:
    if case.run is None:
        pytest.skip(f"pending: {case.pending} ({case.id})")
    try:
        case.run()
    except Pending as missing:
        pytest.skip(f"pending: {missing} ({case.id})")


def test_golden_folder_when_named_then_exists_and_has_cases() -> None:
    root = golden_folder()
    if "FRLIB_GOLDEN" not in os.environ and not root.is_dir():
        pytest.skip("no golden files: set FRLIB_GOLDEN to the folder with heads/, bct/ and eval/")
    assert any(True for _ in cases(root)), f"{root}: no golden files"
