"""What a command is given by a path or, in a store elsewhere, by a URI: found here either way."""

import re
from pathlib import Path

from frlib.core import published
from frlib.core.errors import ConfigError, RecordError
from frlib.remote import address
from frlib.remote.copy import local

_NAME = re.compile(r"(?P<store>.+?)/(?P<name>(?:studies/(?P<study>[^/]+)|artifacts/[^/]+)/.+)")


def found(text: str) -> Path:
    """The file or folder of `s3://bucket/store/studies/<study>/...`, brought into the working copy.

    The records of its study come along, without models and checkpoints of other runs. Options of
    the file system are at the end, as in a store's URI. A path is returned as it is. `ConfigError`
    for a URI that is in no store, `RecordError` where the store has nothing of that name.
    """
    if not address.is_uri(text):
        return address.plain(text)
    place, sign, options = text.partition("?")
    parts = _NAME.fullmatch(place.rstrip("/"))
    if parts is None:
        raise ConfigError(
            f"{text}: expected the URI of a run in a store, e.g. "
            "s3://bucket/store/studies/<study>/arms/<arm>/r<seed>"
        )
    store = local(f"{parts['store']}{sign}{options}")
    if parts["study"] is not None:
        published.bring(store / "studies" / parts["study"], heavy=False)
    path = store / parts["name"]
    published.bring(path)
    if not path.exists():
        raise RecordError(
            f"{text}: the store has no such file or folder. Check the address. What another "
            "machine has not sent yet is sent by `frlib store sync` there"
        )
    return path
