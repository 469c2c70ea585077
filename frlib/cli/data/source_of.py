"""A source as it is named on the command line."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frlib.core.config import Config

PACKAGE = "frlib.data.sources"


def source_of(text: str, kind: str = "", sets: list[str] | None = None) -> "Config":
    """The source at a path; of this format, or of the one that the path is recognised as.

    Text that begins with a brace is the source itself, as JSON with a `name`. `sets`: overrides
    `field=value`, in order.
    """
    from frlib.core import discover
    from frlib.core.config import Config, override
    from frlib.core.errors import ConfigError

    found: Config
    if text.lstrip().startswith("{"):
        try:
            value = json.loads(text)
        except ValueError as error:
            raise ConfigError(
                f"{text!r} is no JSON ({error}); expected e.g. "
                '{"name": "parquet", "path": "faces.parquet"}'
            ) from None
        if not isinstance(value, dict) or "name" not in value:
            raise ConfigError(f"{text!r} has no 'name' saying which format it is")
        name = str(value["name"])
        found = discover.load(PACKAGE, name).Config.parse(value, name)
    elif kind:
        found = discover.load(PACKAGE, kind).Config.parse({"name": kind, "path": text})
    else:
        from frlib.data.recognise import recognise

        found = recognise(text)
    return override(found, sets or [])
