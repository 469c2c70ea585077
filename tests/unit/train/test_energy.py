"""Counters of energy: which are read, that they wrap, and that none is needed."""

import ctypes
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from frlib.train import energy
from frlib.train.energy import Counter, Meter

RANGE = 1_000_000
"""Of the made packages, microjoules: one joule."""


def _zone(root: Path, number: str, name: str, value: int = 0) -> Path:
    zone = root / f"intel-rapl:{number}"
    zone.mkdir(parents=True)
    (zone / "name").write_text(f"{name}\n")
    (zone / "energy_uj").write_text(f"{value}\n")
    (zone / "max_energy_range_uj").write_text(f"{RANGE}\n")
    return zone


def test_packages_when_zones_are_nested_then_nothing_is_counted_twice(tmp_path: Path) -> None:
    for number, name in (
        ("0", "package-0"), ("0:0", "core"), ("0:1", "dram"), ("1", "package-1"), ("2", "psys"),
    ):  # fmt: skip
        _zone(tmp_path, number, name)
    mmio = tmp_path / "intel-rapl-mmio:0"
    mmio.mkdir()
    (mmio / "name").write_text("package-0")
    names = [one.name for one in energy.packages(tmp_path)]
    assert names == ["package-0 intel-rapl:0", "dram intel-rapl:0:1", "package-1 intel-rapl:1"]


def test_packages_when_they_cannot_be_read_then_none(tmp_path: Path) -> None:
    zone = _zone(tmp_path, "0", "package-0")
    (zone / "energy_uj").unlink()
    assert energy.packages(tmp_path) == ()
    assert energy.packages(tmp_path / "none") == ()


def test_meter_when_a_package_wraps_then_joules_go_on(tmp_path: Path) -> None:
    zones = [_zone(tmp_path, "0", "package-0", 900_000), _zone(tmp_path, "0:1", "dram", 10)]
    with Meter(energy.packages(tmp_path)) as meter:
        assert meter.joules() == 0
        (zones[0] / "energy_uj").write_text("100000")
        assert meter.joules() == pytest.approx(0.2)
        (zones[0] / "energy_uj").write_text("400000")
        (zones[1] / "energy_uj").write_text("500010")
        assert meter.joules() == pytest.approx(1.0)


def test_meter_when_nobody_asks_then_its_thread_reads_before_the_next_wrap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(energy, "_EVERY_S", 0.001)
    enough, reads = threading.Event(), 0

    def read() -> int:
        """60 more each time, of a counter that wraps at 100."""
        nonlocal reads
        reads += 1
        if reads == 20:
            enough.set()
        return 60 * reads % 100

    with Meter([Counter("made", read, 1.0, 100)]) as meter:
        assert enough.wait(30)
    assert not meter._thread.is_alive()
    assert meter.joules() == 60 * (reads - 1)


def test_meter_when_a_counter_goes_away_then_there_is_no_number(tmp_path: Path) -> None:
    zone = _zone(tmp_path, "0", "package-0", 5)
    with Meter(energy.packages(tmp_path)) as meter:
        (zone / "energy_uj").unlink()
        assert meter.joules() is None
        (zone / "energy_uj").write_text("9")
        assert meter.joules() is None, "what went by unseen is not known"


def test_meter_when_there_is_nothing_to_read_then_no_number_and_no_thread() -> None:
    with Meter(()) as meter:
        assert meter.joules() is None
        assert not meter._thread.is_alive()
    assert meter.names == []


class _Driver:
    """Stands in for the driver's library."""

    def __init__(self, code: int = 0) -> None:
        self.code, self.value, self.asked = code, 7_000, b""

    def nvmlInit_v2(self) -> int:  # noqa: N802
        return 0

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes, handle: Any) -> int:  # noqa: N802
        self.asked = uuid
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Any, value: Any) -> int:  # noqa: N802
        value._obj.value = self.value
        return self.code


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> torch.device:
    about = SimpleNamespace(uuid="ab-cd")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: about)
    return torch.device("cuda")


def test_gpu_when_its_driver_counts_then_millijoules_of_this_device(
    device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = _Driver()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: {energy.NVML: driver}[name])
    with Meter(energy.gpu(device)) as meter:
        driver.value += 2_500
        assert meter.joules() == pytest.approx(2.5)
    assert driver.asked == b"GPU-ab-cd"
    assert meter.names == ["GPU-ab-cd"]


def test_gpu_when_it_is_too_old_or_has_no_driver_or_is_none_then_no_counter(
    device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: _Driver(code=3))
    assert energy.gpu(device) == ()

    def missing(_: str) -> Any:
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert energy.gpu(device) == ()
    assert energy.gpu(torch.device("cpu")) == ()
