"""DALI's loader against a stand-in for the library: what it is given, what is made of its answer.

The stand-in decodes on the CPU. Nothing here shows that the real library decodes as it does.
"""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from frlib.core.errors import ConfigError
from frlib.core.seeds import stream
from frlib.data import decode, flaws
from frlib.data.config import DataConfig
from frlib.data.loading.choose import open_loader
from frlib.data.loading.loader import Loader
from frlib.data.manifest import checksum
from frlib.data.pixels.batches import Pixels
from frlib.data.pixels.encoded import Encoded
from tests.unit.data.loading.made import COUNT, SIZE, pixels, tasks
from tests.unit.data.tiny_sets import jpeg

pytest.importorskip("torch")
DALI = DataConfig.parse({"train": {"name": "synth"}, "size": SIZE, "loader": "dali"})


class _Pipeline:
    """Runs what was put together, `prefetch_queue_depth` batches ahead as the real one does."""

    made: ClassVar[list["_Pipeline"]] = []

    def __init__(self, **settings: Any) -> None:
        self.settings, self.is_built = settings, False
        self._ready: list[np.ndarray] = []
        self.made.append(self)

    def __enter__(self) -> "_Pipeline":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def set_outputs(self, output: Callable[[], np.ndarray]) -> None:
        self._output = output

    def build(self) -> None:
        self.is_built = True

    def run(self) -> tuple[SimpleNamespace]:
        assert self.is_built
        while len(self._ready) <= self.settings["prefetch_queue_depth"]:
            try:
                self._ready.append(self._output())
            except StopIteration:
                break
        if not self._ready:
            raise StopIteration
        images = self._ready.pop(0)
        return (SimpleNamespace(as_tensor=lambda: images),)


def _external_source(source: Iterator[list[np.ndarray]], batch: bool, dtype: str, ndim: int) -> Any:
    assert batch and (dtype, ndim) == ("uint8", 1)
    return lambda: next(source)


def _image(encoded: Any, **how: Any) -> Any:
    exact = {"jpeg_fancy_upsampling": True, "use_fast_idct": False, "adjust_orientation": False}
    assert how == {"device": "mixed", "output_type": "RGB", **exact}
    return encoded


def _resize(decoded: Any, size: list[int], interp_type: str, antialias: bool) -> Any:
    assert (interp_type, antialias) == ("linear", True)
    assert size[0] == size[1]

    def run() -> np.ndarray:
        return np.stack(
            [decode.image(one.tobytes(), size[0], "RGB", "stand-in") for one in decoded()]
        )

    return run


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> list[_Pipeline]:
    """The stand-in, installed; the pipelines made."""
    monkeypatch.setattr(_Pipeline, "made", [])
    types = {
        "DALIDataType": SimpleNamespace(UINT8="uint8"),
        "DALIImageType": SimpleNamespace(RGB="RGB"),
        "DALIInterpType": SimpleNamespace(INTERP_LINEAR="linear"),
    }
    fn = {
        "external_source": _external_source,
        "decoders": SimpleNamespace(image=_image),
        "resize": _resize,
    }
    contents = {"": {}, ".fn": fn, ".pipeline": {"Pipeline": _Pipeline}, ".types": types}
    monkeypatch.setitem(sys.modules, "nvidia", ModuleType("nvidia"))
    for name, values in contents.items():
        module = ModuleType(f"nvidia.dali{name}")
        module.__dict__.update(values)
        monkeypatch.setitem(sys.modules, f"nvidia.dali{name}", module)
    return _Pipeline.made


class _Reader:
    """Encoded images in memory."""

    def __init__(self, colour: str) -> None:
        self.colour = colour
        self.data = [jpeg(seed, side=SIZE + seed % 2) for seed in range(COUNT)]

    def images(self, refs: np.ndarray, size: int) -> np.ndarray:
        raise AssertionError("bytes are read")

    def read(self, ref: int) -> bytes:
        return self.data[ref]

    def where(self, ref: int) -> str:
        return f"memory: {ref}"


def _encoded(*colours: str) -> Pixels:
    parts = []
    for colour in colours:
        reader = _Reader(colour)
        sums = np.array([checksum(data) for data in reader.data])
        parts.append(Encoded(reader, np.arange(COUNT), sums, SIZE))
    sources = stream(0, "test").integers(0, len(colours), COUNT).astype(np.int16)
    return Pixels(SIZE, tuple(parts), sources, np.arange(COUNT))


@pytest.mark.parametrize("colours", [("RGB",), ("BGR",), ("RGB", "BGR")])
@pytest.mark.parametrize("first_step", [0, 5])
def test_batches_when_decoded_by_dali_then_those_of_the_threads(
    colours: tuple[str, ...], first_step: int, library: list[_Pipeline]
) -> None:
    opened = _encoded(*colours)
    loader = open_loader(DALI, opened, tasks(), device="cuda:0")
    found = list(loader.batches(2, first_step))
    expected = list(Loader(opened, tasks(), depth=0).batches(2, first_step))
    assert [one.step for one in found] == list(range(first_step, 7))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.rows, other.rows)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.draws.flip, other.draws.flip)
        again = opened.batch(other.rows)
        np.testing.assert_array_equal(one.images.numpy(), again)


def test_pipeline_when_made_then_for_this_gpu_and_this_workers_share(
    library: list[_Pipeline],
) -> None:
    data = DALI.model_copy(update={"read_ahead": 3, "decode_threads": 5})
    loader = open_loader(data, _encoded("RGB"), tasks(world=2, rank=1), device="cuda:1")
    next(loader.batches(0))
    assert library[0].settings == {
        "batch_size": 4,
        "num_threads": 5,
        "device_id": 1,
        "prefetch_queue_depth": 3,
        "exec_dynamic": True,
    }


def test_dali_when_not_installed_then_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nvidia.dali", None)
    with pytest.raises(ConfigError, match=r"pip install 'frlib\[dali\]', or set data\.loader=thr"):
        open_loader(DALI, _encoded("RGB"), tasks(), device="cuda")


def test_dali_when_there_is_no_gpu_then_says_so(library: list[_Pipeline]) -> None:
    with pytest.raises(ConfigError, match=r"decodes on a GPU, but this run is on cpu; set data"):
        open_loader(DALI, _encoded("RGB"), tasks(), device="cpu")


def test_dali_when_pixels_are_not_encoded_then_is_refused(library: list[_Pipeline]) -> None:
    with pytest.raises(ConfigError, match=r"decodes stored images, .* set data\.loader=threads"):
        open_loader(DALI, pixels(), tasks(), device="cuda")


def test_dali_when_rows_have_flaws_then_is_refused(library: list[_Pipeline]) -> None:
    opened = _encoded("RGB")
    rows, seeds = np.array([3]), np.array([1], dtype=np.uint32)
    marks = flaws.none(COUNT).put(rows, flaws.BLUR, 0.02, seeds)
    flawed = Pixels(SIZE, opened.parts, opened.sources, opened.places, marks)
    with pytest.raises(ConfigError, match=r"cannot put blur, .* leave out that noise"):
        open_loader(DALI, flawed, tasks(), device="cuda")
