"""Find a study by name among the installed ones, or by path to a file of one's own."""

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

from pydantic import ValidationError

from frlib.core import discover
from frlib.core.config import explained
from frlib.core.errors import ConfigError
from frlib.study.schema import Study

PACKAGE = "studies"


def names() -> tuple[str, ...]:
    """Studies that can be run by name."""
    return discover.choices(PACKAGE)


def find(name: str, faces: str = "") -> Study:
    """The study called `name`, or the one in the file `name`.

    `faces`: a folder of real faces, handed to studies that can use one (a parameter `faces`).
    """
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
