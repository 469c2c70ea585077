from dataclasses import replace

import pytest

from frlib.train import devices, fit
from frlib.train.devices import GIB, Device
from frlib.train.plan import device_bytes, host_bytes
from tests.unit.train.workloads import NETWORK, workload

LARGE = replace(NETWORK, bytes_per_image=GIB // 16)
CARD = Device("card", 8 * GIB)


def test_device_when_asked_then_keeps_a_margin() -> None:
    assert CARD.usable == int(0.95 * 8 * GIB) - GIB
    assert Device("host", 8 * GIB, is_host=True).usable == int(0.95 * 8 * GIB)
    assert Device("small", GIB // 2).usable == 0


def test_known_devices_when_listed_then_grow() -> None:
    sizes = [one.bytes for one in devices.known()]
    assert sizes == sorted(sizes)
    assert devices.here()[0].is_host
    assert GIB // 4 < devices.here()[0].bytes < 2**50


@pytest.mark.parametrize("accumulate", [1, 4])
@pytest.mark.parametrize("workers", [1, 2])
def test_largest_share_when_taken_then_fits_and_one_step_more_does_not(
    accumulate: int, workers: int
) -> None:
    load = workload(network=LARGE, accumulate=accumulate, workers=workers)
    share = fit.largest_share(load, CARD)
    assert share and share % accumulate == 0

    def needed(images: int) -> int:
        return device_bytes(replace(load, batch=images * workers))

    assert needed(share) <= CARD.usable < needed(share + accumulate)


def test_largest_share_when_nothing_fits_then_is_none() -> None:
    load = workload(classes=40_000_000)
    (verdict,) = fit.verdicts(load, [CARD])
    assert not verdict.fits and verdict.largest_share == 0


def test_verdict_when_the_device_is_the_host_then_holds_all_workers_and_their_host_memory() -> None:
    load = workload(workers=2)
    host = Device("host", 8 * GIB, is_host=True)
    assert fit.needs(load, host) == 2 * (device_bytes(load) + host_bytes(load))
    assert fit.needs(load, CARD) == device_bytes(load)


def test_remedies_when_the_network_is_large_then_name_what_it_takes() -> None:
    load = workload(network=LARGE)
    found = {one.change: one for one in fit.remedies(load)}
    assert found["accumulate=16"].device_bytes < device_bytes(load) / 8
    assert "8 workers, class_rows=sharded" in found
    assert not any("sample_rate" in change for change in found)


def test_remedies_when_classes_are_many_then_name_where_they_go_and_all_together() -> None:
    load = workload(classes=1_000_000, workers=2, batch=512)
    found = {one.change: one for one in fit.remedies(load)}
    away = "head.sample_rate=0.1, class_rows=offloaded"
    assert {"class_rows=sharded", away, "head.sample_rate=0.1"} <= set(found)
    assert found[away].host_bytes > host_bytes(load)
    every = found["head.logits=bfloat16, accumulate=16, head.sample_rate=0.1, class_rows=offloaded"]
    assert every.device_bytes == min(one.device_bytes for one in found.values())


def test_remedies_when_each_is_applied_then_need_less() -> None:
    load = workload(classes=100_000, workers=2)
    assert fit.remedies(load)
    assert all(one.device_bytes <= 0.95 * device_bytes(load) for one in fit.remedies(load))


def test_remedies_when_all_is_done_then_leave_more_workers_alone() -> None:
    load = workload(
        precision="bfloat16",
        logits="bfloat16",
        accumulate=32,
        sample_rate=0.05,
        class_rows="offloaded",
    )
    assert all("workers" in one.change for one in fit.remedies(load))


def test_remedies_when_classes_are_drawn_already_then_rows_go_away_by_themselves() -> None:
    drawn = {one.change for one in fit.remedies(workload(classes=1_000_000, sample_rate=0.05))}
    assert "class_rows=offloaded" in drawn
    every = {one.change for one in fit.remedies(workload(classes=1_000_000))}
    assert "class_rows=offloaded" not in every
