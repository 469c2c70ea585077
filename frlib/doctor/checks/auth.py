"""Who may use the cluster: whoever reaches its ports may run code on it, unless it asks a token."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Finding, Report

ORDER = 15
_LOOPBACK = ("127.0.0.1", "localhost", "::1", "auto", "local", "")


def look(asked: Asked) -> Facts:
    """Where a token would come from (never the token), and who may read its file."""
    given = os.environ.get("RAY_AUTH_TOKEN_PATH", "")
    path = Path(given) if given else Path.home() / ".ray" / "auth_token"
    is_file = path.is_file()
    source = "RAY_AUTH_TOKEN" if os.environ.get("RAY_AUTH_TOKEN") else str(path) * is_file
    is_open = is_file and bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    return {"source": source, "others_read_it": is_open, "file": str(path) * is_file}


def judge(report: Report) -> Iterator[Finding]:
    """A cluster off this machine without a token; token files that others can read."""
    for where, facts in (report.of_here("auth") | report.told("auth")).items():
        if facts["others_read_it"]:
            yield Finding(
                check="auth",
                where=where,
                level="warning",
                found=f"{facts['file']} can be read by others",
                expected="by its owner alone",
                advice=f"run `chmod 600 {facts['file']}`",
            )
    if not report.is_cluster or report.problem:
        return
    if report.auth == "disabled":
        is_here = _host(report.address) in _LOOPBACK and len(report.nodes) <= 1
        yield Finding(
            check="auth",
            where=report.address,
            level="ok" if is_here else "warning",
            found="the cluster asks for no token" + (", on this machine" if is_here else ""),
            expected="" if is_here else "RAY_AUTH_MODE=token on all nodes and clients",
            advice="" if is_here else "see cluster/security.md",
        )
    elif report.auth:
        yield Finding(
            check="auth",
            where=report.address,
            level="ok",
            found=f"mode {report.auth}, and this client was let in",
        )


def _host(address: str) -> str:
    return urlsplit(address if "://" in address else f"//{address}").hostname or ""
