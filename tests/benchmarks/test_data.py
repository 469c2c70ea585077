"""The benchmark of loading: that it compares, notices a loader that differs, and reports sanely.

Nothing is asserted about speed.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from frlib.bench import faces as faces_module
from frlib.bench import fetch, loaders, measure
from frlib.bench.data import SMALL
from frlib.core import discover
from frlib.core.config import Config
from frlib.core.errors import BenchmarkError
from frlib.data import catalog
from frlib.data.pixels.batches import Pixels
from frlib.data.reader import ByteReader
from tests.benchmarks.run import run

CLOCK = measure.clock(torch.device("cpu"), 1)


def _silent(text: str) -> None:
    assert text


def test_data_when_small_then_every_part_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "bench", "data", "--small", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["mode"], one["side"]) for one in found["loaders"]] == [
        ("encoded", 112),
        ("decoded", 112),
        ("decoded", 64),
    ]
    assert all(one["us"] > 0 and one["faster"] > 0 for one in found["loaders"])
    formats = {one["name"] for one in found["fetch"]}
    assert formats == set(discover.choices("frlib.data.sinks"))
    assert [one["rows"] for one in found["millions"]] == [SMALL.rows] * 2
    assert found["training"]["fixed_ms"] > 0


def test_data_when_shown_then_no_value_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("bench", "data", "--small", "--rows", "3000", "--blobs", "40", "--images", "32")
    assert run(monkeypatch, *words) == 0
    page = capsys.readouterr().out
    for part in ("encoded, 112 px", "decoded, 64 px", "recordio", "index opened", "3,000"):
        assert part in page
    assert "nan" not in page


def test_loaders_when_pixels_differ_then_error_and_no_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = faces_module.make(tmp_path, 32)
    honest = Pixels.batch

    def darker(self: Pixels, rows: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        return honest(self, rows, out) // 2

    monkeypatch.setattr(Pixels, "batch", darker)
    with pytest.raises(BenchmarkError, match=r"encoded at 112 pixels: .* grey levels"):
        loaders.measured(made, tmp_path / "store", batch=16, repeats=1, clock=CLOCK, say=_silent)


def test_fetch_when_a_reader_gives_other_bytes_then_error_names_the_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = catalog.open_reader

    class Liar:
        colour = "RGB"

        def __init__(self, reader: ByteReader) -> None:
            self._reader = reader

        def images(self, refs: np.ndarray, size: int) -> np.ndarray:
            return self._reader.images(refs, size)

        def read(self, ref: int) -> bytes:
            return self._reader.read(ref)[:-1]

        def where(self, ref: int) -> str:
            return self._reader.where(ref)

    def dishonest(config: Config) -> ByteReader:
        reader = honest(config)
        assert isinstance(reader, ByteReader)
        return Liar(reader) if config.name == "arrow" else reader  # type: ignore[attr-defined]

    monkeypatch.setattr(catalog, "open_reader", dishonest)
    with pytest.raises(BenchmarkError, match="arrow: gave other bytes"):
        fetch.measured(30, tmp_path, repeats=1, clock=CLOCK, say=_silent)
