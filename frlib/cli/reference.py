"""`list` and `show` for a package whose modules are choices; read from the modules themselves."""

import typer

from frlib.cli.options import Json


def noun(name: str, package: str, help_: str) -> typer.Typer:
    """The commands of one kind of part."""
    app = typer.Typer(name=name, help=help_, no_args_is_help=True)

    @app.command("list")
    def list_(as_json: Json = False) -> None:
        """List what there is, with its source."""
        from frlib.cli import show
        from frlib.core.discover import choices, load

        found = []
        for choice in choices(package):
            module = load(package, choice)
            paper = getattr(module, "PAPER", None)
            found.append(
                {
                    name: choice,
                    "method": paper.title if paper else "",
                    "source": paper.where if paper else "",
                }
            )
        show.rows(found, as_json)

    @app.command("show")
    def show_(choice: str, as_json: Json = False) -> None:
        """Show a choice: what it computes, its fields, units, defaults and sources."""
        from frlib.cli import show
        from frlib.core.config import fields
        from frlib.core.discover import load

        module = load(package, choice)
        if not as_json:
            typer.echo((module.__doc__ or "").strip() + "\n")
        show.rows(fields(module.Config), as_json)

    return app
