"""The tracking server: only the driver sends to it, so only the head must reach it.

A server that does not answer stops no study; `frlib track sync` sends later what it lacks.
"""

import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit, urlunsplit

from frlib.core.secrets import redacted
from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Finding, Report

ORDER = 50
_WAIT_S = 10.0
_VARIABLE = "MLFLOW_TRACKING_URI"


def look(asked: Asked) -> Facts:
    """Where it is, without passwords, and how it answered (`ok`, or what went wrong)."""
    uri = os.environ.get(_VARIABLE, "")
    scheme = urlsplit(uri).scheme
    if scheme in ("http", "https"):
        answer = _health(uri)
    elif scheme == "sqlite":
        answer = _database(Path(urlsplit(uri).path.removeprefix("/")))
    else:
        answer = "ok"
    return {"uri": redacted(uri), "answer": answer}


def judge(report: Report) -> Iterator[Finding]:
    """Of the head, or of this machine without a cluster."""
    heads = {node.name for node in report.nodes if node.is_head}
    for where, facts in report.where_it_runs("tracking").items():
        if heads and where not in heads:
            continue
        if facts["answer"] != "ok":
            yield Finding(
                check="tracking",
                where=where,
                level="warning",
                found=f"{facts['uri']}: {facts['answer']}",
                expected="a server that answers",
                advice=f"start it, or set {_VARIABLE}; records are kept meanwhile",
            )
        else:
            own = "the store's own database"
            yield Finding(
                check="tracking", where=where, level="ok", found=facts["uri"] or f"{own}, no server"
            )


def _health(uri: str) -> str:
    parts = urlsplit(uri)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))
    try:
        with urllib.request.urlopen(f"{bare.rstrip('/')}/health", timeout=_WAIT_S):
            return "ok"
    except HTTPError as error:
        return "ok" if error.code in (401, 403) else f"answers {error.code}"
    except OSError as error:
        return f"does not answer ({getattr(error, 'reason', error)})"


def _database(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"{folder}: no such folder"
    return "ok" if os.access(folder, os.W_OK) else f"{folder}: cannot be written"
