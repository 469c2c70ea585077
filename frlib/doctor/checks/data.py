"""Data: every place can be read from every node, and is the same there."""

from collections.abc import Iterator
from pathlib import Path

from frlib.core.errors import FrlibError
from frlib.core.secrets import redacted
from frlib.data.storage import listing, places
from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Finding, Report

ORDER = 60
_ENTRIES = 1000


def look(asked: Asked) -> Facts:
    """By place: `file 123` (bytes), `folder 12 a b` (entries, first and last), or what is wrong."""
    return {text: _seen(text) for text in asked.data}


def judge(report: Report) -> Iterator[Finding]:
    """Where it is missing, and where it is another one."""
    told = report.where_it_runs("data")
    for place in report.asked.data:
        shown = redacted(place)
        found = {where: str(facts[place]) for where, facts in told.items() if place in facts}
        missing = {w: t for w, t in found.items() if not t.startswith(("file", "folder"))}
        for where, text in missing.items():
            yield Finding(
                check="data",
                where=where,
                level="failure",
                found=f"{shown}: {text}",
                expected="readable on every node",
                advice="mount or copy it there, or name it by a URI that all can reach",
            )
        kinds = {text for where, text in found.items() if where not in missing}
        if len(kinds) > 1:
            yield Finding(
                check="data",
                where=", ".join(found),
                level="failure",
                found=f"{shown}: {'; '.join(sorted(kinds))}",
                expected="the same on every node",
                advice="copy it again from one machine",
            )
        elif kinds and not missing:
            yield Finding(
                check="data", where=", ".join(found), level="ok", found=f"{shown}: {kinds.pop()}"
            )


def _seen(text: str) -> str:
    try:
        place = places.at(text)
        if isinstance(place, Path):
            return _local(place)
        if place.is_dir():
            names = [entry.name for entry in listing.entries(place)[:_ENTRIES]]
            return _folder(names)
        return f"file {place.stamp().size}"
    except (FrlibError, OSError) as error:
        return redacted(str(error))[:200]


def _local(place: Path) -> str:
    if place.is_dir():
        return _folder([entry.name for entry in listing.entries(place)[:_ENTRIES]])
    with place.open("rb") as file:
        file.read(1)
    return f"file {place.stat().st_size}"


def _folder(names: list[str]) -> str:
    ends = f" {names[0]} … {names[-1]}" if names else ""
    return f"folder {len(names)}{ends}"
