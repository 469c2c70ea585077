"""Records rebuilt in a store that other machines see; the server is played."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from frlib.core import published, safeio
from frlib.core.errors import RecordError
from frlib.track import restore as module
from frlib.track.tags import KEY, STUDY
from tests.unit.remote.conftest import machines
from tests.unit.remote.faulty import Machines

__all__ = ["machines"]
NAMES = ("study.json", "arms/3f/arm.json", "arms/3f/r0/a0/run.json")


class _Server:
    def __init__(self, uri: str, experiment: str) -> None:
        pass

    def runs(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(tags={KEY: STUDY})]


def _downloaded(server: Any, run: Any, aside: Path, uri: str) -> None:
    for name in NAMES:
        safeio.write_text(aside / name, "{}")


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Server", _Server)
    monkeypatch.setattr(module, "_download", _downloaded)
    monkeypatch.setattr(module, "_require_all", lambda runs, uri, study: None)
    monkeypatch.setattr(module.read, "load", lambda folder: None)


def test_restore_when_the_store_is_elsewhere_then_it_gets_the_records(machines: Machines) -> None:
    copy = machines.copy("a")
    folder = module.restore("http://server", "mini", copy.folder)
    published.flush(folder)
    assert machines.stored() == sorted(f"studies/mini/{name}" for name in NAMES)
    assert machines.far.names("move")[-1] == "study.json"


def test_restore_when_another_machine_recorded_the_study_then_it_is_not_overwritten(
    machines: Machines,
) -> None:
    other, copy = machines.copy("b"), machines.copy("a")
    safeio.write_text(other.folder / "studies" / "mini" / "study.json", "the truth")
    other.flush()
    with pytest.raises(RecordError, match="never overwritten"):
        module.restore("http://server", "mini", copy.folder)
    assert machines.content("studies/mini/study.json") == "the truth"
