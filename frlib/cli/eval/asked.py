"""What a command asks for, checked before hours of work."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frlib.core.config import Config


def with_images(config: "Config", source: "Config") -> "Config":
    """The protocol with the images that its list names; `ConfigError` if it brings its own."""
    from frlib.core.errors import ConfigError

    if "images" not in type(config).model_fields:
        raise ConfigError(
            f"--images: protocol {getattr(config, 'name', '?')} brings its own images; leave it out"
        )
    return config.model_copy(update={"images": source})


def require_folder(out: Path) -> None:
    """`ConfigError` unless reports can be written there; the folder is made."""
    from frlib.core.errors import ConfigError

    try:
        out.mkdir(parents=True, exist_ok=True)
        is_writable = os.access(out, os.W_OK | os.X_OK)
    except OSError as error:
        raise ConfigError(f"--out {out}: no folder can be made here ({error.strerror})") from error
    if not is_writable:
        raise ConfigError(f"--out {out}: no permission to write into it; give another folder")
