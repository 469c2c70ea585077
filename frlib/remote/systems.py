"""The file system behind the URI of a store.

S3 gets time limits of its own: by default a call to a server that accepts a connection and stays
silent returns after a minute and a half, and everything that waits for it with it. Small files are
put with one request (`allow_delayed_open`).
"""

from collections.abc import Callable
from urllib.parse import parse_qsl

from pyarrow import fs

from frlib.data.storage import places
from frlib.data.storage.places import Remote
from frlib.data.storage.retry import steady

_CONNECT_S, _SILENT_S, _ATTEMPTS = 3.0, 5.0, 2
_KNOWN = {"region", "scheme", "endpoint_override"}


def opened(uri: str) -> tuple[fs.FileSystem, str]:
    """(the file system, the path of the store in it); errors as `frlib.data.storage.places`."""
    place = places.at(uri)
    assert isinstance(place, Remote), "folders are stores without this"
    options = dict(parse_qsl(place.options))
    if not place.root.startswith("s3://") or not options.keys() <= _KNOWN:
        return place.system()
    bucket = place.root.removeprefix("s3://")
    if "region" not in options and "endpoint_override" not in options:
        options["region"] = steady(lambda: fs.resolve_s3_region(bucket), place.root)
    system = fs.S3FileSystem(
        **options,
        connect_timeout=_CONNECT_S,
        request_timeout=_SILENT_S,
        allow_delayed_open=True,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )
    return system, f"{bucket}/{place.path}".rstrip("/")


open_store: Callable[[str], tuple[fs.FileSystem, str]] = opened
