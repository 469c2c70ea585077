"""Where the tracking server is. A URI may hold a password: `shown` is the form for messages."""

import hashlib
import os
from pathlib import Path

from frlib.core.secrets import redacted


def default_uri(store: Path) -> str:
    """The store's own database, one file."""
    return f"sqlite:///{(store / 'mlflow.db').absolute().as_posix()}"


def default_artifacts(store: Path) -> str:
    """Where the artefacts of the store's own database go, as a URI."""
    return (store / "mlartifacts").absolute().as_uri()


def resolve(store: Path) -> tuple[str, str | None]:
    """(tracking URI, artefact location): `MLFLOW_TRACKING_URI` if set, else the store's own.

    The location is None where the server decides.
    """
    given = os.environ.get("MLFLOW_TRACKING_URI", "")
    if given:
        return given, None
    return default_uri(store), default_artifacts(store)


def shown(uri: str) -> str:
    """The URI without user, password and tokens."""
    return redacted(uri)


def fingerprint(uri: str) -> str:
    """16 hex digits that tell servers apart; no URI is written down, nor the hash of a password."""
    return hashlib.sha256(shown(uri).encode()).hexdigest()[:16]
