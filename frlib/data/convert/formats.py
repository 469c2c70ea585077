"""Formats of sets of identities by name, or by the look of a path."""

from pathlib import Path
from typing import Any

from frlib.core import discover
from frlib.core.config import Config
from frlib.core.errors import ConfigError
from frlib.core.suggest import did_you_mean

SOURCES = "frlib.data.sources"
SINKS = "frlib.data.sinks"


def target_at(path: str, name: str = "") -> Config:
    """The config of the sink for `path`, of the format `name` or by the end of the path."""
    if "://" in path:
        raise ConfigError(f"{path}: sets are written to a folder of this machine; name a path")
    known = sinks()
    if not name:
        suffix = Path(path).suffix.lower()
        fits = [sink for sink in known if suffix and suffix in _sink(sink).SUFFIXES]
        if len(fits) != 1:
            raise ConfigError(
                f"{path}: its name does not say in which format to write; add --to FORMAT. "
                f"Formats: {', '.join(known)}"
            )
        name = fits[0]
    if name not in known:
        raise ConfigError(
            f"--to {name!r}: no such format{did_you_mean(name, known)}. Formats: {', '.join(known)}"
        )
    config: Config = _sink(name).Config.parse({"name": name, "path": path}, name)
    return config


def sinks() -> tuple[str, ...]:
    """Names of the formats that can be written."""
    return discover.choices(SINKS)


def sources() -> tuple[str, ...]:
    """Names of the formats that can be read."""
    return discover.choices(SOURCES)


def _sink(name: str) -> Any:
    return discover.load(SINKS, name)
