from pathlib import Path

import pytest

from frlib.core.errors import ConfigError, StoreError
from frlib.core.safeio import DiskFullError
from frlib.remote.far import Far, patience_s
from tests.unit.remote.faulty import URI, Machines


@pytest.mark.parametrize("text", ["soon", "-1", "nan"])
def test_patience_when_it_is_no_time_then_says_what_is_expected(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRLIB_STORE_PATIENCE_S", text)
    with pytest.raises(ConfigError, match=f"FRLIB_STORE_PATIENCE_S='{text}'.*seconds"):
        patience_s()


def test_get_when_the_disk_of_this_machine_is_full_then_it_is_not_the_store_that_is_blamed(
    machines: Machines,
) -> None:
    far = Far(URI)
    far.put_bytes("studies/a.json", b"{}", 1.0)
    with pytest.raises(DiskFullError, match=r"this machine's disk is full.*FRLIB_WORK"):
        far.get("studies/a.json", Path("/dev/full"), 30.0)


def test_get_when_the_store_refuses_then_it_is_told_at_once(
    machines: Machines, tmp_path: Path
) -> None:
    def refuse(what: str, path: str) -> None:
        raise OSError("ACCESS_DENIED: no")

    machines.far.before = refuse
    with pytest.raises(StoreError, match=r"ACCESS_DENIED.*credentials"):
        Far(URI).get("studies/a.json", tmp_path / "a.json", 1e6)
