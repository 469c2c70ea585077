"""Secrets a study needs: set in the environment of every node. Only names are asked and told."""

import os
from collections.abc import Iterator

from frlib.doctor.asked import Asked
from frlib.doctor.report import Facts, Finding, Report

ORDER = 90


def look(asked: Asked) -> Facts:
    """Whether each is set."""
    return {name: bool(os.environ.get(name)) for name in asked.secrets}


def judge(report: Report) -> Iterator[Finding]:
    """Where one is missing."""
    told = report.where_it_runs("secret_names")
    missing = False
    for where, facts in told.items():
        lacking = sorted(name for name, there in facts.items() if not there)
        if lacking:
            missing = True
            yield Finding(
                check="secret_names",
                where=where,
                level="failure",
                found=f"{', '.join(lacking)} not set",
                expected="set in the environment that `ray start` has",
                advice="a secret of Kubernetes (secretKeyRef), or the node's own environment; a "
                "job cannot bring it without showing it",
            )
    if report.asked.secrets and told and not missing:
        text = ", ".join(report.asked.secrets)
        yield Finding(check="secret_names", where=", ".join(told), level="ok", found=f"{text}: set")
