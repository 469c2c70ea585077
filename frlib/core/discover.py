"""The modules of a package are the choices: there is no registry to edit.

A package outside the project adds a choice through the entry-point group of the same dotted name,
for example `frlib.heads.presets`, pointing at a module.
"""

import importlib
import pkgutil
from functools import lru_cache
from importlib.metadata import entry_points
from types import ModuleType

from frlib.core.errors import ConfigError
from frlib.core.suggest import did_you_mean


@lru_cache
def choices(package: str) -> tuple[str, ...]:
    """Public module names of `package` (and of its entry-point group), sorted."""
    inside = importlib.import_module(package)
    names = {m.name for m in pkgutil.iter_modules(inside.__path__) if not m.name.startswith("_")}
    return tuple(sorted(names | {e.name for e in entry_points(group=package)}))


@lru_cache
def load(package: str, name: str) -> ModuleType:
    """The module called `name`; `ConfigError` with the nearest name when there is none."""
    known = choices(package)
    if name not in known:
        raise ConfigError(
            f"{name!r}: no such choice in {package}{did_you_mean(name, known)}. "
            f"Choices: {', '.join(known)}"
        )
    for entry in entry_points(group=package, name=name):
        module = entry.load()
        assert isinstance(module, ModuleType), f"entry point {package}:{name} must name a module"
        return module
    return importlib.import_module(f"{package}.{name}")
