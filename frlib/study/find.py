"""Find a study: by name among the installed ones, by path to a file, or as a store recorded it."""

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

from pydantic import ValidationError

from frlib.core import discover, safeio
from frlib.core.config import explained
from frlib.core.errors import ConfigError, RecordError
from frlib.records import layout
from frlib.study.schema import Study

PACKAGE = "studies"
_RECORD = "study.json"


def names() -> tuple[str, ...]:
    """Studies that can be run by name."""
    return discover.choices(PACKAGE)


def find(name: str, faces: str = "") -> Study:
    """The study called `name`, or the one in the file `name`: Python, or a `study.json`.

    `faces`: a folder of real faces, handed to studies that can use one (a parameter `faces`).
    """
    if name.endswith(".json"):
        return _from_json(Path(name), f"expected what `frlib study run` keeps as {_RECORD}")
    module = _from_file(Path(name)) if name.endswith(".py") else discover.load(PACKAGE, name)
    make = getattr(module, "study", None)
    if not callable(make):
        raise ConfigError(f"{name}: has no function study() that returns a Study")
    takes_faces = "faces" in inspect.signature(make).parameters
    try:
        made = make(faces=faces) if takes_faces and faces else make()
    except ValidationError as error:
        raise explained(error) from error
    if not isinstance(made, Study):
        raise ConfigError(f"{name}: study() returned {type(made).__name__}, expected a Study")
    return made


def recorded(store: Path, name: str) -> Study:
    """The study called `name` as it was last run from this store.

    `RecordError` where there is none, or its value is none of this frlib's.
    """
    return _from_json(
        layout.find_study(store, name) / _RECORD,
        "It was recorded by another frlib, or changed by hand; run the study from its file instead",
    )


def _from_json(path: Path, advice: str) -> Study:
    """The study in a `study.json`; `RecordError` with the advice where it holds none."""
    found = safeio.read_json(path)
    if not isinstance(found, dict):
        raise RecordError(f"{path}: found {type(found).__name__}, no study; {advice}")
    fields = {key: value for key, value in found.items() if key != "cells"}
    try:
        return Study.parse(fields)
    except ConfigError as error:
        raise RecordError(f"{path}: {error}\n{advice}") from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ConfigError(f"{path}: no such study file")
    spec = importlib.util.spec_from_file_location(f"frlib_study_{path.stem}", path.resolve())
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ValidationError as error:
        raise explained(error) from error
    return module
