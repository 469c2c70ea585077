from pathlib import Path

import numpy as np

from frlib.core.config import digest
from frlib.data import catalog
from frlib.data.config import DataConfig
from frlib.data.loading.choose import open_for, open_loader, open_training
from frlib.data.loading.loader import Loader
from frlib.data.pixels.decoded import Decoded
from frlib.data.pixels.encoded import Encoded
from frlib.data.sources import synth
from tests.unit.data.loading.made import pixels, tasks

DATA = DataConfig(train=synth.Config(identities=3, images=3), size=16)


def _with(**changes: object) -> DataConfig:
    return DataConfig.parse({**DATA.model_dump(), **changes})


def test_digest_when_loading_differs_then_is_equal() -> None:
    """How pixels are fetched changes no result."""
    places = {"pixels": "encoded", "cache_gib": 3.0, "loader": "dali", "read_ahead": 7}
    assert digest(_with(**places, decode_threads=3)) == digest(DATA)
    assert digest(_with(size=32)) != digest(DATA)


def test_pixels_when_opened_then_as_the_config_says(tmp_path: Path) -> None:
    manifest = catalog.scan(DATA.train, tmp_path)
    kinds = {
        name: type(opened(data, manifest, tmp_path, 1).parts[0])
        for name, opened, data in (
            ("plain", open_for, DATA),
            ("training", open_training, DATA),
            ("encoded", open_for, _with(pixels="encoded")),
            ("budget", open_for, _with(cache_gib=1e-9)),
            ("dali", open_training, _with(loader="dali")),
            ("dali evaluates", open_for, _with(loader="dali")),
        )
    }
    assert kinds == {
        "plain": Decoded,
        "training": Decoded,
        "encoded": Encoded,
        "budget": Decoded,
        "dali": Encoded,
        "dali evaluates": Decoded,
    }


def test_loader_when_read_ahead_is_set_then_as_many_buffers_and_one() -> None:
    for ahead in (0, 4):
        shapes = []

        def allocate(shape: tuple[int, ...], shapes: list = shapes) -> np.ndarray:
            shapes.append(shape)
            return np.empty(shape, dtype=np.uint8)

        loader = open_loader(_with(read_ahead=ahead), pixels(), tasks(), allocate=allocate)
        assert isinstance(loader, Loader)
        assert len(list(loader.batches(0))) == 7
        assert len(shapes) == ahead + 1
