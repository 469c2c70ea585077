"""What `frlib export safetensors` writes is a model to evaluate."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from frlib.backbones import tiny
from frlib.core import safeio
from frlib.core.errors import ConfigError
from frlib.evaluate.model import named, open_model

BACKBONE = {"name": "tiny", "width": 4, "embedding_size": 16}


def _exported(folder: Path) -> torch.nn.Module:
    net = tiny.build(tiny.Config.parse(BACKBONE), 32)
    folder.mkdir()
    save_file(net.state_dict(), folder / "model.safetensors")
    given = {"size": 32, "colour": "RGB", "mean": 127.5, "std": 127.5, "layout": "NCHW"}
    safeio.write_json(folder / "config.json", {"backbone": BACKBONE, "input": given})
    return net.eval()


def test_named_when_the_folder_is_an_export_then_its_network_is_known(tmp_path: Path) -> None:
    net = _exported(tmp_path / "card")
    model = open_model(named(str(tmp_path / "card")), "cpu")
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    put_in = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        wanted = net(put_in).numpy()
    np.testing.assert_allclose(model.embed(images), wanted, rtol=1e-4, atol=1e-5)


def test_named_when_its_description_is_damaged_then_is_not_taken_for_one(tmp_path: Path) -> None:
    _exported(tmp_path / "card")
    (tmp_path / "card" / "config.json").write_text("{")
    with pytest.raises(ConfigError):
        named(str(tmp_path / "card"))
