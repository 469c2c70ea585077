"""A protocol as it is named: a path that a family recognises, or a config as JSON."""

import json
from pathlib import Path
from typing import Any

from frlib.core import discover
from frlib.core.config import Config
from frlib.core.errors import ConfigError

PACKAGE = "frlib.evaluate.protocols"


def named(text: str) -> Config:
    """The config of a protocol: JSON like `{"name": "pair_list", ...}`, or a path.

    `ConfigError` if nothing is there, or if no family, or several, know it.
    """
    if text.lstrip().startswith("{"):
        return _from_json(text)
    path = Path(text).expanduser()
    if not path.exists():
        raise ConfigError(f"{text}: no such file or folder; expected a benchmark, or JSON")
    modules = {name: discover.load(PACKAGE, name) for name in discover.choices(PACKAGE)}
    asked = {name: m.recognise(path) for name, m in modules.items() if hasattr(m, "recognise")}
    found: dict[str, Config] = {n: config for n, config in asked.items() if config is not None}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        named_one = json.dumps({"name": next(iter(found)), "path": text})
        raise ConfigError(f"{text}: could be {' or '.join(found)}; say which, e.g. '{named_one}'")
    known = "\n".join(f"  {name}: {_first_line(module)}" for name, module in modules.items())
    raise ConfigError(
        f"{text}: no benchmark that is known by its files. Name it with its fields, e.g. "
        f'{{"name": "pair_list", "set": "lfw", "path": "pairs.txt"}}; protocols:\n{known}'
    )


def module_of(config: Config) -> Any:
    """The module of a protocol's config."""
    return discover.load(PACKAGE, config.name)  # type: ignore[attr-defined]


def _first_line(module: Any) -> str:
    return str(module.__doc__ or "").splitlines()[0]


def _from_json(text: str) -> Config:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{text!r} is no JSON ({error})") from None
    if not isinstance(value, dict) or "name" not in value:
        raise ConfigError(f"{text!r} has no 'name' saying which protocol it is")
    name = str(value["name"])
    parsed: Config = discover.load(PACKAGE, name).Config.parse(value, name)
    return parsed
