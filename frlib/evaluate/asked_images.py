"""The images that a protocol asks about, embedded."""

from pathlib import Path
from typing import Any

from frlib.core.config import Config
from frlib.core.errors import ConfigError
from frlib.evaluate import extract, protocol
from frlib.evaluate.features import Features
from frlib.evaluate.model import Model


def ids(config: Config) -> list[str] | None:
    """Every image once, in order of first use; None: all images of the protocol's source."""
    module = protocol.module_of(config)
    if hasattr(module, "questions"):
        return list(dict.fromkeys(name for one in module.questions(config) for name in one.ids))
    return module.ids(config) if hasattr(module, "ids") else None


def embedded(config: Config, model: Model, store: Path, how: dict[str, Any]) -> Features:
    """Features of these images. how: options of `extract.extract`.

    `ConfigError` where it is not said which images a list names.
    """
    source = protocol.module_of(config).source(config)
    if source is None:
        raise ConfigError(
            f"protocol {config.name}: which images? "  # type: ignore[attr-defined]
            "Give --images SOURCE with the ids that the list names, or --embeddings FILE."
        )
    return extract.extract(model, source, store, ids=ids(config), **how)
