"""Command lines of documents, read by the parser of the program that they call."""

import functools
import shlex
import warnings
from typing import Any

import click


@functools.cache
def mlflow_cli() -> click.Command:
    """MLflow's command line, whose import warns of things that are none of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.cli import cli
    return cli


def words(line: str) -> list[str]:
    """As a shell splits it, up to a pipe, a redirection or `&`; settings in front are left out."""
    found = []
    for word in shlex.split(line, comments=True):
        if word in ("|", "<", ">", ">>", "2>&1", "&", "&&"):
            break
        found.append(word)
    while found and ("=" in found[0] or found[0] in ("setsid", "nohup")):
        found.pop(0)
    return found


def parsed(command: Any, arguments: list[str]) -> dict[str, Any]:
    """Options and arguments as the innermost command gets them; `UsageError` if it will not.

    command: of click, or of typer, which brings a click of its own.
    """
    context = command.context_class(command, info_name=command.name)
    while hasattr(command, "resolve_command"):
        name, command, arguments = command.resolve_command(context, arguments)
        context = command.context_class(command, info_name=name, parent=context)
    found: dict[str, Any] = command.make_context(
        command.name, list(arguments), parent=context.parent
    ).params
    return found
