"""The store: writable from every node, and the same one: what a node writes, all others read."""

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from secrets import token_hex

from frlib.core.errors import StoreError
from frlib.core.secrets import redacted
from frlib.doctor import token
from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Finding, Report

ORDER = 40


def look(asked: Asked) -> Facts:
    """Writes a token; `{"token": ""}` without a store."""
    if not asked.store:
        return {"token": ""}
    if not token.is_uri(asked.store) and not Path(asked.store).is_absolute():
        return {"token": "", "refused": "a relative folder is another one in every job"}
    name = f"{socket.gethostname()}-{token_hex(4)}"
    try:
        token.write(asked.store, asked.mark, name, asked.mark)
    except (OSError, StoreError) as error:
        return {"token": "", "refused": redacted(str(error))[:200]}
    return {"token": name, "refused": ""}


def look_again(asked: Asked, seen: Mapping[str, Facts]) -> Facts:
    """The tokens that can be read here."""
    if not any(facts.get("token") for facts in seen.values()):
        return {"read": []}
    return {"read": sorted(token.read(asked.store, asked.mark))}


def judge(report: Report) -> Iterator[Finding]:
    """Who could not write, and whose token somebody did not find."""
    told = report.where_it_runs("store")
    store = redacted(report.asked.store)
    if not report.asked.store:
        if report.is_cluster:
            yield Finding(
                check="store",
                where="nodes",
                level="warning",
                found="no store was named",
                expected="a folder or URI that every node sees",
                advice="--store or FRLIB_STORE",
            )
        return
    for where, facts in told.items():
        if facts.get("refused"):
            yield Finding(
                check="store",
                where=where,
                level="failure",
                found=f"{store} cannot be written: {facts['refused']}",
                expected="a folder or URI that every node can write to",
                advice="mount it there, give the node's user rights or credentials, or another "
                "--store",
            )
    written = {facts["token"]: where for where, facts in told.items() if facts.get("token")}
    apart = 0
    for where, facts in told.items():
        if not facts.get("token"):
            continue
        missed = sorted(written[name] for name in written.keys() - set(facts.get("read", ())))
        if missed:
            apart += 1
            yield Finding(
                check="store",
                where=where,
                level="failure",
                found=f"{store} there lacks what was written on {', '.join(missed)}",
                expected="one store for all nodes",
                advice="a folder of the same name on each machine is not shared: NFS, or a URI",
            )
    if len(written) == len(told) and told and not apart:
        yield Finding(
            check="store",
            where=", ".join(told),
            level="ok",
            found=f"{store}: written from each, read from all",
        )
