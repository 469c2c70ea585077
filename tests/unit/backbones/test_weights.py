from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from frlib.backbones import load_public, tiny
from frlib.core.errors import DataError

Tensors = dict[str, torch.Tensor]


def _net(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    return tiny.build(tiny.Config(width=4, embedding_size=8), 16)


def _same(net: torch.nn.Module, other: Tensors) -> bool:
    return all(torch.equal(value, other[name]) for name, value in net.state_dict().items())


@pytest.mark.parametrize("prefix", ["", "module.", "backbone.", "module.backbone."])
@pytest.mark.parametrize("wrapper", ["", "state_dict", "state_dict_backbone"])
def test_load_public_when_names_are_wrapped_then_fills_everything(
    tmp_path: Path, prefix: str, wrapper: str
) -> None:
    source = _net(1).state_dict()
    content: object = {prefix + name: value for name, value in source.items()}
    torch.save({wrapper: content, "epoch": 3} if wrapper else content, tmp_path / "w.pth")
    net = _net(2)
    assert not _same(net, source)
    load_public(net, tmp_path / "w.pth")
    assert _same(net, source)


def test_load_public_when_safetensors_in_half_precision_then_converts(tmp_path: Path) -> None:
    source = {n: v.half() if v.is_floating_point() else v for n, v in _net(1).state_dict().items()}
    save_file(source, tmp_path / "w.safetensors")
    net = _net(2)
    load_public(net, tmp_path / "w.safetensors")
    assert net.state_dict()["conv1.weight"].dtype is torch.float32
    assert torch.equal(net.state_dict()["conv1.weight"], source["conv1.weight"].float())


def test_load_public_when_only_batch_counts_are_missing_then_accepts(tmp_path: Path) -> None:
    source = {n: v for n, v in _net(1).state_dict().items() if "num_batches" not in n}
    torch.save(source, tmp_path / "w.pth")
    net = _net(2)
    load_public(net, tmp_path / "w.pth")
    assert torch.equal(net.state_dict()["fc.weight"], source["fc.weight"])


def test_load_public_when_names_or_shapes_differ_then_lists_them_and_changes_nothing(
    tmp_path: Path,
) -> None:
    source = _net(1).state_dict()
    source["fc.wait"] = source.pop("fc.weight")
    source["conv1.weight"] = source["conv1.weight"][:3]
    torch.save(source, tmp_path / "w.pth")
    net = _net(2)
    with pytest.raises(DataError) as error:
        load_public(net, tmp_path / "w.pth")
    for part in (
        "1 missing: fc.weight.",
        "1 unexpected: fc.wait.",
        "1 of another shape: conv1.weight (3, 12, 3, 3) instead of (4, 12, 3, 3).",
    ):
        assert part in str(error.value)
    assert _same(net, _net(2).state_dict())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.pth", None, "no such file"),
        ("w.pth", b"not a zip", "cannot be read as tensors alone"),
        ("w.pth", b"", "cannot be read as tensors alone"),
        ("w.safetensors", b"\0" * 20, "damaged or no safetensors"),
    ],
)
def test_load_public_when_file_is_no_checkpoint_then_says_so(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_public(_net(1), tmp_path / name)


def test_load_public_when_file_holds_objects_then_refuses_to_run_them(tmp_path: Path) -> None:
    torch.save(_net(1), tmp_path / "w.pth")
    with pytest.raises(DataError, match="could run code"):
        load_public(_net(2), tmp_path / "w.pth")


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {}])
def test_load_public_when_it_is_no_state_dict_then_says_what_was_found(
    tmp_path: Path, content: object
) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(DataError, match="expected a dictionary of tensors"):
        load_public(_net(1), tmp_path / "w.pth")
