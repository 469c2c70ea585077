"""Which source a path or URI is: every source is asked, and exactly one must say it is its own."""

from typing import Any

from frlib.core import discover
from frlib.core.config import Config
from frlib.core.errors import ConfigError
from frlib.data.storage.places import at

_PACKAGE = "frlib.data.sources"


def recognise(text: str) -> Config:
    """The config of the source at a path or URI, told without a scan.

    `ConfigError` if nothing is there, if no source knows it (with what each looks like) or if
    several do (with their names).
    """
    path = at(text)
    if not path.exists():
        raise ConfigError(f"{text}: no such file or folder; expected a set of images")
    modules = {name: discover.load(_PACKAGE, name) for name in discover.choices(_PACKAGE)}
    found: dict[str, Config] = {}
    for name, module in modules.items():
        config = module.recognise(path) if hasattr(module, "recognise") else None
        if config is not None:
            found[name] = config
    if len(found) == 1:
        return next(iter(found.values())).model_copy(update={"path": text})
    if found:
        raise ConfigError(
            f"{text}: could be {' or '.join(found)}; expected a path of one kind. Name the format, "
            "or give the path of the file itself."
        )
    shapes = "\n".join(
        f"  {name}: {_shape(module)}"
        for name, module in modules.items()
        if "path" in module.Config.model_fields
    )
    raise ConfigError(
        f"{text}: no known set of images; expected one of\n{shapes}\nName the format if it is one "
        "of these under another name."
    )


def _shape(module: Any) -> str:
    return str(module.Config.model_fields["path"].description)
