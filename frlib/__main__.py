"""`python -m frlib` is the `frlib` command."""

from frlib.cli.main import main

main()
