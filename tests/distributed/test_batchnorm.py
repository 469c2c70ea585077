"""Synchronised batch norm against `nn.BatchNorm` on the concatenated batch, in float64.

One start of three gloo processes computes all cases, because starting them is what takes time; the
tests read its results. The group of two is made of the first two processes.
"""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from frlib.core.errors import NumericsError
from frlib.parallel.batchnorm import SyncBatchNorm1d, SyncBatchNorm2d, convert
from frlib.parallel.collectives import SINGLE, TorchGroup

pytestmark = pytest.mark.dist

Case = tuple[Callable[[], nn.Module], torch.Tensor]
Result = dict[str, torch.Tensor]
CHANNELS = 5
ROWS = 9
SHARES = {2: (0, 4, 9), 3: (0, 1, 4, 9), "with an idle worker": (0, 0, 4, 9)}


def _draw(*shape: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def _bn1d(**fields: object) -> Callable[[], nn.Module]:
    return lambda: nn.BatchNorm1d(CHANNELS, dtype=torch.float64, **fields)  # type: ignore[arg-type]


def _bn2d(**fields: object) -> Callable[[], nn.Module]:
    return lambda: nn.BatchNorm2d(CHANNELS, dtype=torch.float64, **fields)  # type: ignore[arg-type]


def _net() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(CHANNELS, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(),
        nn.Conv2d(6, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
        nn.Flatten(), nn.Linear(4 * 2 * 1, 3, bias=False), nn.BatchNorm1d(3),
    ).double()  # fmt: skip


def _cases() -> dict[str, Case]:
    offset = torch.arange(CHANNELS).double()
    images = _draw(ROWS, CHANNELS, 4, 3, seed=1) * 3 + offset.view(-1, 1, 1)
    last = images.contiguous(memory_format=torch.channels_last)
    return {
        "1d": (_bn1d(), _draw(ROWS, CHANNELS, seed=2) + offset),
        "1d positions": (_bn1d(), _draw(ROWS, CHANNELS, 6, seed=2) + offset.view(-1, 1)),
        "2d": (_bn2d(), images),
        "2d channels_last": (_bn2d(), last),
        "2d far from zero": (_bn2d(), images + 1e3),
        "2d without affine": (_bn2d(affine=False), images),
        "2d cumulative": (_bn2d(momentum=None), images),
        "2d without running": (_bn2d(track_running_stats=False), images),
        "net": (_net, last),
    }


def _run(net: nn.Module, x: torch.Tensor, grad: Callable[[torch.Tensor], torch.Tensor]) -> Result:
    """Two training steps' worth of statistics, gradients of the second; then an evaluation."""
    with torch.no_grad():
        for n, p in enumerate(net.parameters()):
            p.add_(0.1 * torch.cos(torch.arange(p.numel(), dtype=p.dtype) + n).view_as(p))
        net(x * 0.5)
    x = x.clone(memory_format=torch.preserve_format).requires_grad_()
    y = net(x)
    y.backward(grad(y))
    assert x.grad is not None
    found = {"y": y.detach(), "dx": x.grad}
    found |= {f"d {name}": p.grad for name, p in net.named_parameters() if p.grad is not None}
    found |= {f"buffer {name}": b.clone() for name, b in net.named_buffers()}
    if found.keys() & {"buffer running_mean", "buffer 1.running_mean"}:
        found["evaluated"] = net.eval()(x).detach()
    return found


def _slope(y: torch.Tensor) -> torch.Tensor:
    return _draw(ROWS, *y.shape[1:], seed=9)


def _worker(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=3)
    pair = dist.new_group([0, 1])
    results: dict[str, Result] = {}
    for share, cuts in SHARES.items():
        group = pair if share == 2 else dist.group.WORLD
        if share == 2 and rank == 2:
            continue
        for name, (make, x) in _cases().items():
            mine = slice(cuts[rank], cuts[rank + 1])
            net = convert(make(), TorchGroup(group))
            found = _run(net, x[mine], lambda y, mine=mine: _slope(y)[mine].to(y.dtype))
            for key in found:
                if key.startswith("d "):
                    dist.all_reduce(found[key], group=group)
            results[f"{share} {name}"] = found
    whole = _cases()["2d channels_last"][1].to(torch.bfloat16)
    mine = slice(SHARES[3][rank], SHARES[3][rank + 1])
    narrow = convert(nn.BatchNorm2d(CHANNELS), TorchGroup())
    results["bfloat16"] = _run(narrow, whole[mine], lambda y: _slope(y)[mine].to(y.dtype))
    if rank < 2:
        results["odd"] = {"messages": _too_few(pair, rank)}
    torch.save(results, f"{folder}/{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


def _too_few(group: dist.ProcessGroup, rank: int) -> torch.Tensor:
    layer = convert(nn.BatchNorm1d(CHANNELS), TorchGroup(group))
    try:
        layer(torch.zeros(1 - rank, CHANNELS))
    except NumericsError as error:
        return torch.tensor("got 1 rows over all workers" in str(error))
    return torch.tensor(False)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Result]]:
    folder = tmp_path_factory.mktemp("gloo")
    mp.spawn(_worker, (str(folder),), nprocs=3)
    return [torch.load(Path(folder) / f"{rank}.pt", weights_only=True) for rank in range(3)]


@pytest.mark.parametrize("name", _cases())
@pytest.mark.parametrize("share", SHARES)
def test_synced_when_batch_is_split_then_equals_batchnorm_on_the_whole(
    share: int | str, name: str, results: list[dict[str, Result]]
) -> None:
    make, x = _cases()[name]
    whole = _run(make(), x, _slope)
    ranks = [r[f"{share} {name}"] for r in results if f"{share} {name}" in r]
    assert len(ranks) == len(SHARES[share]) - 1
    for key, expected in whole.items():
        if key in ("y", "dx", "evaluated"):
            found = [torch.cat([r[key] for r in ranks])]
        else:
            found = [r[key] for r in ranks]
        for one in found:
            # A mean of 1000 costs three digits of a deviation of 1, in either implementation.
            scale = float(expected.abs().max()) * (1e3 if "far" in name else 1)
            torch.testing.assert_close(one, expected, rtol=0, atol=1e-12 * scale)


def test_synced_when_channels_last_then_keeps_the_layout(results: list[dict[str, Result]]) -> None:
    found = [r["3 2d channels_last"][key] for r in results for key in ("y", "dx")]
    assert all(x.is_contiguous(memory_format=torch.channels_last) for x in found)


def test_synced_when_bfloat16_then_statistics_stay_float32(
    results: list[dict[str, Result]],
) -> None:
    x = _cases()["2d channels_last"][1].to(torch.bfloat16)
    whole = _run(nn.BatchNorm2d(CHANNELS).double(), x.double(), _slope)
    ranks = [r["bfloat16"] for r in results]
    for key in ("y", "dx"):
        found = torch.cat([r[key] for r in ranks])
        assert found.dtype is torch.bfloat16
        torch.testing.assert_close(found.double(), whole[key], rtol=2e-2, atol=2e-2)
    for key in ("buffer running_mean", "buffer running_var"):
        for rank in ranks:
            torch.testing.assert_close(rank[key].double(), whole[key], rtol=1e-6, atol=1e-6)


def test_synced_when_one_row_is_all_there_is_then_every_worker_says_so(
    results: list[dict[str, Result]],
) -> None:
    assert [bool(r["odd"]["messages"]) for r in results[:2]] == [True, True]


def test_convert_when_called_then_keeps_the_very_same_tensors() -> None:
    net = _net()
    before = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    names = list(net.state_dict())
    assert convert(net, SINGLE) is net
    after = {**dict(net.named_parameters()), **dict(net.named_buffers())}
    assert list(net.state_dict()) == names
    assert all(after[name] is tensor for name, tensor in before.items())
    assert [type(m) for m in net if isinstance(m, nn.modules.batchnorm._BatchNorm)] == [
        SyncBatchNorm2d, SyncBatchNorm2d, SyncBatchNorm1d,
    ]  # fmt: skip


def test_convert_when_root_is_a_norm_then_converts_it() -> None:
    assert type(convert(nn.BatchNorm2d(3), SINGLE)) is SyncBatchNorm2d


def test_converted_when_there_is_no_group_then_is_batchnorm_to_the_bit() -> None:
    make, x = _cases()["net"]
    plain = make()
    synced = convert(copy.deepcopy(plain), SINGLE)
    expected = _run(plain, x, _slope)
    found = _run(synced, x, _slope)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)
