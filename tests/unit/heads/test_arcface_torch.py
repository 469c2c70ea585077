"""Class centres from files as arcface_torch writes them, on any number of GPUs."""

import logging
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from frlib.core.errors import ConfigError, RecordError
from frlib.heads.arcface_torch import Centres, load_into, read
from frlib.heads.build import build
from frlib.heads.presets import arcface, subcenter
from frlib.parallel.collectives import SINGLE, Group
from frlib.testing.workers import together

CLASSES, DIM = 11, 4
GPUS = (1, 2, 3, 8)
every_count = pytest.mark.parametrize("gpus", GPUS)


def _whole(rows: int = CLASSES) -> tuple[Tensor, Tensor]:
    """Weight and momentum; no two numbers alike."""
    draw = torch.Generator().manual_seed(0)
    weight, momentum = torch.randn(2, rows, DIM, generator=draw).unbind()
    return weight, momentum


def _shares(whole: Tensor, gpus: int, each: int = 1) -> list[Tensor]:
    """`num_local` and `class_start` as in the original, written out again."""
    classes = len(whole) // each
    found = []
    for rank in range(gpus):
        num_local = classes // gpus + int(rank < classes % gpus)
        start = classes // gpus * rank + min(rank, classes % gpus)
        found.append(whole[start * each : (start + num_local) * each].clone())
    return found


def _optimiser(weight: Tensor, momentum: Tensor, kind: str) -> dict[str, Any]:
    """State of an optimiser that has trained a backbone and, last, the centres."""
    backbone, centres = nn.Linear(3, 2), nn.Parameter(weight.clone())
    groups: list[dict[str, Any]]
    groups = [{"params": backbone.parameters()}, {"params": [centres]}]
    optimiser: torch.optim.Optimizer
    if kind == "sgd":
        optimiser = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    else:
        optimiser = torch.optim.AdamW(groups, lr=0.1)
    (backbone(torch.ones(1, 3)).sum() + centres.sum()).backward()
    optimiser.step()
    if kind == "sgd":
        optimiser.state[centres]["momentum_buffer"] = momentum
    state: dict[str, Any] = optimiser.state_dict()
    return state


def _checkpoints(
    folder: Path, gpus: int, each: int = 1, optimiser: str = "sgd", classes: int = CLASSES
) -> list[Path]:
    """Files as train_v2.py writes them with save_all_states."""
    backbone = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    schedule = torch.optim.lr_scheduler.LinearLR(torch.optim.SGD(backbone.parameters(), lr=0.1))
    files = []
    parts = zip(*(_shares(w, gpus, each) for w in _whole(classes * each)), strict=True)
    for rank, (weight, momentum) in enumerate(parts):
        fc = nn.Module()
        fc.weight = nn.Parameter(weight)
        checkpoint = {
            "epoch": 3,
            "global_step": 1234,
            "state_dict_backbone": backbone.state_dict(),
            "state_dict_softmax_fc": fc.state_dict(),
            "state_optimizer": _optimiser(weight, momentum, optimiser),
            "state_lr_scheduler": schedule.state_dict(),
        }
        files.append(folder / f"checkpoint_gpu_{rank}.pt")
        torch.save(checkpoint, files[-1])
    torch.save(backbone.state_dict(), folder / "model.pt")
    return files


def _old(folder: Path, gpus: int, name: str, is_zip: bool = True) -> list[Path]:
    """Files of the first versions; before torch 1.6 they were no archives."""
    weight, momentum = (_shares(w, gpus) for w in _whole())
    files = [folder / f"{name.format(rank)}_softmax_weight.pt" for rank in range(gpus)]
    for rank, path in enumerate(files):
        torch.save(weight[rank], path, _use_new_zipfile_serialization=is_zip)
        torch.save(
            momentum[rank],
            path.with_name(f"{path.stem}_mom.pt"),
            _use_new_zipfile_serialization=is_zip,
        )
    (folder / "backbone.pth").touch()
    return files


def _same(found: Centres, files: list[Path], each: int = 1) -> None:
    weight, momentum = _whole(CLASSES * each)
    assert torch.equal(found.weight, weight)
    assert found.momentum is not None and torch.equal(found.momentum, momentum)
    assert found.files == tuple(files)
    assert (found.num_classes, found.loss_k) == (CLASSES, each)


@every_count
def test_read_when_checkpoints_of_gpus_then_whole_weight_and_momentum(
    gpus: int, tmp_path: Path
) -> None:
    files = _checkpoints(tmp_path, gpus)
    _same(read(tmp_path), files)
    _same(read(reversed(files), num_classes=CLASSES), files)


@every_count
@pytest.mark.parametrize("name", ["rank_{}", "rank:{}"])
@pytest.mark.parametrize("is_zip", [True, False])
def test_read_when_files_are_of_the_first_versions_then_the_same(
    gpus: int, name: str, is_zip: bool, tmp_path: Path
) -> None:
    files = _old(tmp_path, gpus, name, is_zip)
    _same(read(tmp_path), files)
    assert read(files).momentum is None


@every_count
def test_read_when_state_dicts_alone_then_weight_without_momentum(
    gpus: int, tmp_path: Path
) -> None:
    for rank, weight in enumerate(_shares(_whole()[0], gpus)):
        torch.save({"weight": weight}, tmp_path / f"softmax_fc_gpu_{rank}.pt")
    found = read(tmp_path)
    assert torch.equal(found.weight, _whole()[0])
    assert found.momentum is None


@every_count
def test_read_when_several_centres_a_class_then_shares_are_of_classes(
    gpus: int, tmp_path: Path
) -> None:
    files = _checkpoints(tmp_path, gpus, each=3)
    _same(read(tmp_path, CLASSES, loss_k=3), files, each=3)


def test_read_when_many_ranks_then_in_the_order_of_numbers_not_names(tmp_path: Path) -> None:
    files = _checkpoints(tmp_path, 12, classes=25)
    found = read(tmp_path)
    assert found.files == tuple(files)
    assert torch.equal(found.weight, _whole(25)[0])


def test_read_when_the_optimiser_is_adam_then_no_momentum(tmp_path: Path) -> None:
    _checkpoints(tmp_path, 2, optimiser="adamw")
    assert read(tmp_path).momentum is None


def test_read_when_momentum_is_of_some_classes_then_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = _checkpoints(tmp_path, 3)
    stored = torch.load(files[1], weights_only=True)
    number = stored["state_optimizer"]["param_groups"][-1]["params"][0]
    state = stored["state_optimizer"]["state"][number]
    state["momentum_buffer"] = state["momentum_buffer"][:1]
    torch.save(stored, files[1])
    with caplog.at_level(logging.WARNING):
        assert read(tmp_path).momentum is None
    assert "only 2 of 3 files have one" in caplog.text


def test_read_when_files_change_afterwards_then_centres_do_not(tmp_path: Path) -> None:
    (path,) = _checkpoints(tmp_path, 1)
    found = read(tmp_path)
    path.write_bytes(bytes(path.stat().st_size))
    assert torch.equal(found.weight, _whole()[0])


class _Thing:
    pass


class _Command:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.marker}'",)


@pytest.mark.parametrize("is_zip", [True, False])
def test_read_when_a_file_asks_for_code_then_refused_and_nothing_is_run(
    is_zip: bool, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    bad = {"state_dict_softmax_fc": {"weight": torch.ones(3, 2)}, "more": _Command(marker)}
    path = tmp_path / "checkpoint_gpu_0.pt"
    torch.save(bad, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(RecordError, match=r"gpu_0.pt: it asks to run (posix|nt).system\. .*trust"):
        read(tmp_path)
    assert not marker.exists()


def test_read_when_a_file_holds_an_object_then_refused_by_name(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(3, 2), "it": _Thing()}, tmp_path / "softmax_fc_gpu_0.pt")
    with pytest.raises(RecordError, match=r"it asks to run \S*_Thing"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read .it ends too early.; fetch"),
        (b"not a file of torch", "damaged or not made of tensors alone"),
        (pickle.dumps([1, 2], protocol=2), "cannot be read .*corrupt"),
    ],
    ids=["empty", "text", "pickle"],
)
def test_read_when_a_file_is_no_torch_file_then_says_so(
    data: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / "rank_0_softmax_weight.pt").write_bytes(data)
    with pytest.raises(RecordError, match=message):
        read(tmp_path)


def test_read_when_a_file_is_cut_off_then_says_so(tmp_path: Path) -> None:
    path = _checkpoints(tmp_path, 2)[1]
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RecordError, match=r"checkpoint_gpu_1.pt: cannot be read .*fetch the file"):
        read(tmp_path)


_FIRST = "rank_0_softmax_weight.pt"


def _rewritten(path: Path, **weights: Tensor) -> None:
    stored = torch.load(path, weights_only=True)
    stored["state_dict_softmax_fc"] = weights
    torch.save(stored, path)


def _remove(*ranks: int) -> Callable[[list[Path]], None]:
    def damage(files: list[Path]) -> None:
        for rank in ranks:
            files[rank].unlink()

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_remove(1), r"files of ranks 0, 2, but not of 1\."),
        (_remove(0, 1), r"files of ranks 2, but not of 0, 1\."),
        (_remove(0, 1, 2), r"no class centres .*expected checkpoint_gpu_\{r\}.pt, .*model.pt"),
        (_remove(2), r"2 files with 8 rows are 8 classes of 1 centres, expected 11\. .*missing"),
        (
            lambda files: _rewritten(files[1], weight=torch.ones(4, 5)),
            r"gpu_1.pt: centres of 5 numbers .* but checkpoint_gpu_0.pt has 4",
        ),
        (lambda files: _rewritten(files[2], weight=torch.ones(3, 4).double()), "float64"),
        (lambda files: _rewritten(files[1], bias=torch.ones(4)), "no 'weight' in it .found bias"),
        (lambda files: _rewritten(files[1], weight=torch.ones(4)), r"a matrix .* found \[4\]"),
        (lambda files: torch.save([1], files[2]), "no 'state_dict_softmax_fc' in it .found list"),
        (
            lambda files: torch.save(torch.ones(2, 2), files[0].with_name(_FIRST)),
            "several kinds .checkpoint_gpu_{r}.pt, rank_{r}_softmax_weight.pt.",
        ),
    ],
    ids=[
        "gap", "first", "all", "last", "width", "type", "entry", "vector", "list", "kinds",
    ],
)  # fmt: skip
def test_read_when_files_do_not_make_a_whole_then_says_what_is_wrong(
    damage: Callable[[list[Path]], None], message: str, tmp_path: Path
) -> None:
    files = _checkpoints(tmp_path, 3)
    damage(files)
    with pytest.raises(RecordError, match=message):
        read(tmp_path, num_classes=CLASSES)


def test_read_when_shares_are_not_of_one_training_then_names_the_file(tmp_path: Path) -> None:
    files = _checkpoints(tmp_path, 2)
    files[0].rename(tmp_path / "aside")
    files[1].rename(files[0])
    (tmp_path / "aside").rename(files[1])
    with pytest.raises(RecordError, match=r"gpu_0.pt: 5 rows, expected 6: GPU 0 of 2 has 6 of 11"):
        read(tmp_path)


@pytest.mark.parametrize("loss_k", [0, 2])
def test_read_when_centres_do_not_divide_then_says_so(loss_k: int, tmp_path: Path) -> None:
    _checkpoints(tmp_path, 3)
    with pytest.raises(ConfigError, match=f"11 rows are not a whole .*loss_k={loss_k}"):
        read(tmp_path, loss_k=loss_k)


def test_read_when_centres_divide_the_whole_but_not_the_shares_then_says_so(tmp_path: Path) -> None:
    _checkpoints(tmp_path, 4, classes=9)
    with pytest.raises(RecordError, match=r"gpu_1.pt: 2 rows, expected 3: GPU 1 of 4 has 1 of 3"):
        read(tmp_path, loss_k=3)


def test_read_when_momenta_are_not_complete_or_of_another_shape_then_says_so(
    tmp_path: Path,
) -> None:
    files = _old(tmp_path, 3, "rank_{}")
    momentum = files[1].with_name("rank_1_softmax_weight_mom.pt")
    torch.save(torch.ones(4, 9), momentum)
    with pytest.raises(RecordError, match=r"momentum \[4, 9\] of a weight \[4, 4\]"):
        read(tmp_path)
    momentum.unlink()
    with pytest.raises(RecordError, match=r"momentum of ranks 0, 2, weights of ranks 0, 1, 2"):
        read(tmp_path)


def test_read_when_names_or_folder_are_wrong_then_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"nowhere: no such folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(RecordError, match=r"centres.pt: not a name of arcface_torch"):
        read([tmp_path / "centres.pt"])
    with pytest.raises(RecordError, match="an empty list of files: no class centres"):
        read([])
    files = [tmp_path / name / "softmax_fc_gpu_0.pt" for name in ("a", "b")]
    with pytest.raises(RecordError, match="are both of rank 0; pass one"):
        read(files)
    with pytest.raises(RecordError, match=r"softmax_fc_gpu_0.pt: cannot be read .*No such file"):
        read(files[:1])


@every_count
@pytest.mark.parametrize("each", [1, 3])
def test_load_when_head_is_sharded_any_way_then_has_its_rows(
    gpus: int, each: int, tmp_path: Path
) -> None:
    _checkpoints(tmp_path, 3, each=each)
    centres = read(tmp_path, loss_k=each)

    def work(group: Group) -> tuple[Tensor, Tensor]:
        config = subcenter.Config(loss_k=each)
        head = build(config, CLASSES, DIM, seed=1, classes=group)
        optimiser = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9)
        load_into(head, centres, optimiser)
        return head.weight.detach(), optimiser.state[head.weight]["momentum_buffer"]

    weights, momenta = zip(*together(gpus, work), strict=True)
    assert torch.equal(torch.cat(weights), centres.weight)
    assert centres.momentum is not None
    assert torch.equal(torch.cat(momenta), centres.momentum)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": 10}, "centres of 11 classes, 1 a class, 4 numbers each; the head has 10"),
        ({"dim": 5}, "the head has 11 classes, 1 a class, 5 numbers each"),
        ({"config": subcenter.Config(loss_k=3)}, "the head has 11 classes, 3 a class"),
    ],
)
def test_load_when_head_is_for_others_then_says_what_differs(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    _checkpoints(tmp_path, 2)
    built: dict[str, Any] = {"config": arcface.Config(), "classes": CLASSES, "dim": DIM} | change
    head = build(built["config"], built["classes"], built["dim"], seed=1, classes=SINGLE)
    before = head.weight.detach().clone()
    with pytest.raises(ConfigError, match=message):
        load_into(head, read(tmp_path))
    assert torch.equal(head.weight, before)


def test_load_when_optimiser_cannot_take_the_momentum_then_says_so() -> None:
    head = build(arcface.Config(), CLASSES, DIM, seed=1)
    other = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    weight, momentum = _whole()
    with pytest.raises(ConfigError, match="does not train this head's weight"):
        load_into(head, Centres(weight, momentum, (Path("a/b"),)), other)
    with pytest.raises(ConfigError, match="no momentum of the centres was stored"):
        load_into(head, Centres(weight, None, (Path("a/b"),)), other)
