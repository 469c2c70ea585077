"""Machines that share nothing but a store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.remote.faulty import Machines


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    monkeypatch.setenv("FRLIB_STORE_PATIENCE_S", "10")
    made = Machines(tmp_path, monkeypatch)
    yield made
    made.close()
