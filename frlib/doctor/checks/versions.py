"""Python, Ray, torch and frlib, and the commit of frlib: the same on both sides.

Ray refuses other versions of itself and of Python; another torch gives other numbers.
"""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import frlib
from frlib.core import checkout
from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Finding, Level, Report

ORDER = 10
_PACKAGES = ("ray", "torch")
_STRICT = ("python", "ray", "frlib")


def look(asked: Asked) -> Facts:
    """Versions, `none` where it is not installed; commit as `frlib.core.checkout` tells it."""
    found = {"python": platform.python_version(), "frlib": frlib.__version__}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    told = checkout.told()
    return found | {
        "commit": told["commit"] if told else "",
        "changed": bool(told and told["changed"]),
    }


def judge(report: Report) -> Iterator[Finding]:
    """Each node against this machine."""
    here = report.of_here("versions").get("here")
    if here is None:
        return
    nodes = report.told("versions")
    different = 0
    for where, facts in nodes.items():
        for name in ("python", "ray", "frlib", "torch"):
            if facts[name] != here[name]:
                different += 1
                level: Level = "failure" if name in _STRICT else "warning"
                yield Finding(
                    check="versions",
                    where=where,
                    level=level,
                    found=f"{name} {facts[name]}",
                    expected=f"{name} {here[name]}, as here",
                    advice=f"install {name} {here[name]} on the node, or use its image here",
                )
        if facts["commit"] and here["commit"] and facts["commit"] != here["commit"]:
            different += 1
            yield Finding(
                check="versions",
                where=where,
                level="warning",
                found=f"frlib of commit {facts['commit'][:12]}",
                expected=f"{here['commit'][:12]}, as here",
                advice="ship the working folder with the job, or install the same commit there",
            )
    if not different:
        same = ", ".join(f"{name} {here[name]}" for name in ("python", "ray", "torch", "frlib"))
        yield Finding(check="versions", where=_all(nodes), level="ok", found=same + _commit(here))


def _all(nodes: dict[str, Facts]) -> str:
    return f"here and {len(nodes)} nodes" if nodes else "here"


def _commit(facts: Facts) -> str:
    if not facts["commit"]:
        return ", of no checkout"
    return f", commit {facts['commit'][:12]}{' with changes' if facts['changed'] else ''}"
