"""Bytes by position over a network: right, in few requests, ahead of the reader, after a fork."""

import gc
import os
import pickle
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frlib.core.errors import DataError
from frlib.data.storage import remote, retry
from frlib.data.storage.places import Remote, at
from frlib.data.storage.remote import RemoteBlob
from tests.unit.data.storage.far_away import FarAway, serve

SMALL, LARGE = 64, 1024
DATA = np.random.default_rng(0).bytes(50 * LARGE + 17)


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[FarAway, Remote]:
    monkeypatch.setattr(remote, "SMALL", SMALL)
    monkeypatch.setattr(remote, "LARGE", LARGE)
    monkeypatch.setattr(retry, "DELAYS_S", (0.001, 0.001))
    (tmp_path / "x.bin").write_bytes(DATA)
    system, uri = serve(tmp_path, monkeypatch)
    place = at(f"{uri}/x.bin")
    assert isinstance(place, Remote)
    return system, place


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.integers(0, len(DATA) + 9), st.integers(0, 3 * LARGE)), min_size=1, max_size=40
    ),
    st.booleans(),
)
def test_bytes_when_read_in_any_order_then_those_of_the_file(far, parts, ascending: bool) -> None:
    blob = RemoteBlob(far[1])
    assert len(blob) == len(DATA)
    for start, size in sorted(parts) if ascending else parts:
        assert blob[start : start + size] == DATA[start : start + size]


def test_random_reads_when_head_and_body_are_near_then_one_request(far) -> None:
    system, place = far
    blob = RemoteBlob(place)
    for start in (30 * LARGE, 5 * LARGE, 44 * LARGE):
        before = len(system.reads)
        assert blob[start : start + 8] + blob[start + 8 : start + 60] == DATA[start : start + 60]
        assert len(system.reads) == before + 1
    assert all(size == SMALL for _, _, size in system.reads)


def test_read_through_when_consumer_is_at_work_then_next_blocks_are_fetched(far) -> None:
    """The consumer asks for nothing while it waits: what comes, comes ahead."""
    system, place = far
    blob = RemoteBlob(place)
    position = 0
    while position < 3 * LARGE:
        assert blob[position : position + 50] == DATA[position : position + 50]
        position += 50
    fetched = threading.Event()
    number = position // LARGE + 3

    def watch(name: str, start: int, size: int) -> None:
        if start == number * LARGE:
            fetched.set()

    system.before = watch
    here = (number - 2) * LARGE
    assert blob[here : here + 10] == DATA[here : here + 10]
    assert blob[here + LARGE : here + LARGE + 10] == DATA[here + LARGE : here + LARGE + 10]
    assert fetched.wait(10)


def test_read_through_when_threads_share_it_then_large_blocks_are_fetched(far) -> None:
    system, place = far
    blob = RemoteBlob(place)
    parts = range(0, len(DATA), 100)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda start: blob[start : start + 100], parts))
    assert b"".join(found) == DATA
    large = [start for _, start, size in system.reads if size > SMALL]
    assert len(set(large)) >= len(DATA) // LARGE - 1
    assert len(system.reads) < len(parts) / 4


def test_read_when_network_stumbles_then_tried_again_and_counted(
    far, caplog: pytest.LogCaptureFixture
) -> None:
    system, place = far
    blob = RemoteBlob(place)
    failures = iter([OSError("connection reset"), OSError("slow down")])

    def stumble(name: str, start: int, size: int) -> None:
        for error in failures:
            raise error

    system.before = stumble
    before = retry.COUNT.retries
    assert blob[100:130] == DATA[100:130]
    assert retry.COUNT.retries == before + 2
    assert "connection reset; attempt 2 of 3" in caplog.text


def test_read_when_network_is_down_then_error_says_where_and_later_reads_work(far) -> None:
    system, place = far
    blob = RemoteBlob(place)

    def down(name: str, start: int, size: int) -> None:
        raise OSError("no route to host")

    system.before = down
    with pytest.raises(DataError, match=r"x\.bin, bytes 64 to 128: no route to host, 3 times"):
        blob[100:110]
    system.before = lambda name, start, size: None
    assert blob[100:110] == DATA[100:110]


def test_read_when_refused_then_not_tried_again(far) -> None:
    system, place = far
    blob = RemoteBlob(place)
    tries = []

    def refuse(name: str, start: int, size: int) -> None:
        tries.append(start)
        raise OSError("AWS Error ACCESS_DENIED during GetObject")

    system.before = refuse
    with pytest.raises(DataError, match=r"ACCESS_DENIED.*Check the address"):
        blob[0:5]
    assert len(tries) == 1


def test_read_when_file_shrank_then_error_gives_both_sizes(far, tmp_path: Path) -> None:
    _, place = far
    blob = RemoteBlob(place)
    (tmp_path / "x.bin").write_bytes(DATA[:1000])
    with pytest.raises(DataError, match=r"40 bytes from position 960, expected 64"):
        blob[990:1010]


def test_blob_when_sent_or_forked_then_reads_on_its_own(far) -> None:
    _, place = far
    blob = RemoteBlob(place)
    assert blob[0:40] == DATA[:40]
    assert pickle.loads(pickle.dumps(blob))[5:9] == DATA[5:9]
    child = os.fork()
    if not child:
        whole = b"".join(blob[at : at + 90] for at in range(0, len(DATA), 90))
        os._exit(0 if whole == DATA else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_blocks_when_many_files_are_read_through_then_only_the_last_keep_them(
    far, tmp_path: Path
) -> None:
    _, place = far
    blobs = []
    for number in range(7):
        (tmp_path / f"{number}.bin").write_bytes(DATA)
        blob = RemoteBlob(place.with_name(f"{number}.bin"))
        for start in range(0, 4 * LARGE, 50):
            assert blob[start : start + 50] == DATA[start : start + 50]
        blobs.append(blob)
    holding = [bool(blob._large._kept) for blob in blobs]
    assert holding == [False] * 3 + [True] * 4


def test_blob_when_dropped_after_reading_through_then_its_memory_goes(far) -> None:
    blob = RemoteBlob(far[1])
    assert b"".join(blob[at : at + 50] for at in range(0, len(DATA), 50)) == DATA
    gone = weakref.ref(blob)
    del blob
    for _ in range(100):
        gc.collect()
        if gone() is None:
            break
        time.sleep(0.05)
    assert gone() is None
