"""URIs of stores, and the folder of this machine that is the working copy of one."""

import hashlib
import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode

from frlib.core.errors import ConfigError
from frlib.core.secrets import has_credentials, redacted

WORK = "FRLIB_WORK"
"""Environment variable: the folder of working copies; `~/.cache/frlib/stores` where it is unset."""


def is_uri(store: str) -> bool:
    """Whether a store is named by a URI that is no local folder."""
    return "://" in store and not store.startswith("file://")


def normal(uri: str) -> str:
    """The URI as it is written down: options sorted, no slash at the end.

    `ConfigError` for a URI with a secret in it, which would be in records and messages.
    """
    if has_credentials(uri):
        raise ConfigError(
            f"{redacted(uri)}: the URI has a user or a secret in it. Leave it out and set it in "
            "the environment of every node: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or "
            "AWS_PROFILE, or the machine's role) for s3://, GOOGLE_APPLICATION_CREDENTIALS for "
            "gs://"
        )
    scheme, _, rest = uri.partition("://")
    place, _, query = rest.partition("?")
    host, _, path = place.partition("/")
    if not host and scheme not in ("hdfs", "viewfs"):
        raise ConfigError(f"{uri}: no bucket or host; expected e.g. s3://bucket/folder")
    options = sorted(parse_qsl(query, keep_blank_values=True))
    told = f"?{urlencode(options, safe=':/')}" if options else ""
    return f"{scheme}://{host}/{path.strip('/')}".rstrip("/") + told


def folder(uri: str) -> Path:
    """The working copy of a store on this machine, there or not."""
    home = os.environ.get(WORK, "")
    stores = Path(home) if home else Path.home() / ".cache" / "frlib" / "stores"
    return stores.expanduser().resolve() / hashlib.sha256(uri.encode()).hexdigest()[:16]


def plain(store: str) -> Path:
    """The folder that a path or a `file://` URI names; `ConfigError` for one of another host."""
    if "://" not in store:
        return Path(store)
    path = unquote(store.removeprefix("file://"))
    if not path.startswith("/"):
        raise ConfigError(f"{store}: expected an absolute path after file://, e.g. file:///a/b")
    return Path(path)
