"""Files and folders that the runs of a study read: what must be there on every node."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from frlib.core.config import Config, is_place
from frlib.core.errors import ConfigError
from frlib.core.secrets import has_credentials, redacted
from frlib.study.schema import Study

_TEXTS = (str, str | None)


def places(study: Study) -> tuple[str, ...]:
    """Paths and URIs named in the configs of its cells, sorted, each once."""
    found: set[str] = set()
    for point in product(*study.axes.values()):
        found.update(_named(study.config_at(point)))
    return tuple(sorted(found))


def check(study: Study) -> None:
    """`ConfigError` for a place with a password in it: it would be in every record."""
    for place in places(study):
        if has_credentials(place):
            raise ConfigError(
                f"{redacted(place)}: has a user or password in it, and would be in records and "
                "messages. Take it out, and set it in the environment (AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY for s3://)"
            )


def _named(value: Any) -> Iterator[str]:
    if isinstance(value, Config):
        for name, field in type(value).model_fields.items():
            inner = getattr(value, name)
            if is_place(field) and field.annotation in _TEXTS:
                if inner:
                    yield inner
            else:
                yield from _named(inner)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _named(inner)
    elif isinstance(value, (tuple, list)):
        for inner in value:
            yield from _named(inner)
