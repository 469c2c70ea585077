"""Installed distributions, all of them: what differs between this machine and the nodes."""

from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import distributions

from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Finding, Report

ORDER = 20
_SHOWN = 6
_OWN = {"frlib", "ray", "torch"}
_BUNDLED = "thirdparty_files"
"""Where Ray keeps copies of its own, which only its workers see."""


def look(asked: Asked) -> Facts:
    """Version by name."""
    return {
        name.lower().replace("_", "-"): one.version
        for one in distributions()
        if (name := one.metadata["Name"]) and _BUNDLED not in str(one.locate_file(""))
    }


def judge(report: Report) -> Iterator[Finding]:
    """One line for nodes that differ in the same way; those of `versions` are left to it."""
    here = report.of_here("packages").get("here")
    nodes = report.told("packages")
    if here is None or not nodes:
        return
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, facts in nodes.items():
        alike[_different(here, facts)].append(name)
    for different, where in alike.items():
        if not different:
            yield Finding(
                check="packages",
                where=", ".join(where),
                level="ok",
                found=f"{len(here)} distributions, the same as here",
            )
            continue
        more = f" and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
        yield Finding(
            check="packages",
            where=", ".join(where),
            level="warning",
            found=f"{len(different)} differ: {', '.join(different[:_SHOWN])}{more}",
            expected="the same distributions on every machine",
            advice="one image or one lock file for all; --json lists every package",
        )


def _different(here: Facts, there: Facts) -> tuple[str, ...]:
    names = sorted((here.keys() | there.keys()) - _OWN)
    return tuple(
        f"{name} {there.get(name, 'missing')} (here {here.get(name, 'missing')})"
        for name in names
        if here.get(name) != there.get(name)
    )
