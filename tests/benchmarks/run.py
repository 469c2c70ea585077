"""The `frlib` command inside this process."""

import sys

import pytest

from frlib.cli.main import main


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Exit code of `frlib WORDS`."""
    monkeypatch.setattr(sys, "argv", ["frlib", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)
