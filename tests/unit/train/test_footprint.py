import pytest
import torch
from torch._subclasses import FakeTensorMode

from frlib.backbones import iresnet, mobilefacenet, tiny
from frlib.train import footprint
from frlib.train.footprint import Ledger, measured

TINY = tiny.Config(width=8, embedding_size=16)


def test_ledger_when_tensors_come_and_go_then_counts_those_alive_and_the_most() -> None:
    given = torch.zeros(1000)
    with Ledger({given.untyped_storage()._cdata}) as ledger:
        first = given + 1
        second = first.view(10, 100) * 2
        del first
        assert ledger.now == second.nbytes
        given.view(10, 100)
    assert ledger.peak == 2 * 4000


@pytest.mark.parametrize(("precision", "apart"), [("float32", 0), ("bfloat16", 0.01)])
def test_pass_when_counted_on_real_tensors_then_is_the_same(precision: str, apart: float) -> None:
    real = footprint._pass_bytes(tiny.build(TINY, 32).train(), 6, 32, precision)
    with FakeTensorMode():
        fake = footprint._pass_bytes(tiny.build(TINY, 32).train(), 6, 32, precision)
    assert fake == pytest.approx(real, rel=apart, abs=0)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("images", [2, 3, 17, 400])
def test_line_when_compared_with_a_count_at_that_size_then_is_close_and_never_below(
    precision: str, images: int
) -> None:
    line = measured(TINY, 32, precision).pass_bytes(images)
    with FakeTensorMode():
        exact = footprint._pass_bytes(tiny.build(TINY, 32).train(), images, 32, precision)
    assert exact <= line <= 1.02 * exact


def test_narrow_precision_when_measured_then_saves_of_the_images_alone() -> None:
    wide, narrow = (measured(TINY, 64, precision) for precision in ("float32", "bfloat16"))
    assert 0.4 < narrow.bytes_per_image / wide.bytes_per_image < 0.7
    assert (
        narrow.parameters
        == wide.parameters
        == sum(parameter.numel() for parameter in tiny.build(TINY, 64).parameters())
    )


def test_dropout_when_measured_then_takes_memory() -> None:
    plain, dropping = (
        measured(iresnet.Config(depth=18, dropout=rate), 32, "float32") for rate in (0.0, 0.4)
    )
    assert dropping.bytes_per_image > plain.bytes_per_image


@pytest.mark.parametrize(
    ("backbone", "parameters", "macs"),
    [(iresnet.Config(), 43.59e6, 6.31e9), (mobilefacenet.Config(), 2.06e6, 438e6)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_known_networks_when_measured_then_have_their_size(
    backbone: "iresnet.Config | mobilefacenet.Config", parameters: float, macs: float
) -> None:
    found = measured(backbone, 112, "float32")
    assert found.parameters == pytest.approx(parameters, rel=2e-3)
    assert found.flops_per_image == pytest.approx(6 * macs, rel=2e-3)
