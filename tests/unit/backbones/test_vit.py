import pytest
import torch
from torch import nn

from frlib.backbones import vit
from frlib.backbones._vit_net import Block, VisionTransformer
from frlib.core.config import digest
from frlib.core.errors import ConfigError
from frlib.parallel.draws import Position, position
from tests.unit.backbones import two_steps

SIZE, PATCH = 32, 8
RANDOM = {"drop_path": 0.3, "mask_ratio": 0.3, "dropout": 0.2}
TOTAL = 6


def _net(**fields: object) -> VisionTransformer:
    """In training, but for the head's batch norms, which would mix samples."""
    config = vit.Config.parse({"embedding_size": 8, "patch": PATCH, **fields})
    torch.manual_seed(3)
    net = vit.build(config, SIZE)
    assert isinstance(net, VisionTransformer)
    net.blocks = net.blocks[-3:]
    for layer in net.feature:
        if isinstance(layer, nn.BatchNorm1d):
            layer.eval()
    return net.double()


def _images(count: int = TOTAL, size: int = SIZE) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, size, size, generator=generator, dtype=torch.float64) * 2 - 1


def _at(net: nn.Module, step: int = 0, seed: int = 0, first: int = 0, count: int = TOTAL) -> None:
    position(net, Position(seed=seed, step=step, first=first, count=count, total=TOTAL))


@pytest.mark.parametrize("name", [*RANDOM, "all"])
def test_embeddings_when_the_batch_is_cut_up_then_are_those_of_the_whole(name: str) -> None:
    net = _net(**(RANDOM if name == "all" else {**dict.fromkeys(RANDOM, 0.0), name: RANDOM[name]}))
    _at(net)
    whole = net(_images())
    parts = []
    for first, count in ((0, 1), (1, 3), (4, 2)):
        _at(net, first=first, count=count)
        parts.append(net(_images()[first : first + count]))
    torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-11, atol=1e-13)
    for place in ({"step": 1}, {"seed": 1}):
        _at(net, **place)
        assert (net(_images()) - whole).abs().max() > 1e-3 * whole.abs().max()


def test_embeddings_when_nothing_is_random_then_training_equals_evaluation() -> None:
    net = _net(**dict.fromkeys(RANDOM, 0.0))
    trained = net(_images())
    torch.testing.assert_close(trained, net.eval()(_images()), rtol=1e-12, atol=1e-14)


def test_embeddings_when_evaluating_then_nothing_is_drawn() -> None:
    net, plain = _net(**RANDOM).eval(), _net(**dict.fromkeys(RANDOM, 0.0)).eval()
    assert torch.equal(net(_images()), plain(_images()))


def test_training_when_no_position_was_told_then_says_what_to_call() -> None:
    with pytest.raises(ConfigError, match=r"draws\.position"):
        _net(**RANDOM)(_images())


def test_recompute_when_blocks_draw_then_gradients_are_the_same() -> None:
    found, runs = [], []
    for recompute in (False, True):
        net = _net(**RANDOM, recompute=recompute)
        for block in net.blocks:
            block.register_forward_pre_hook(lambda *_, now=recompute: runs.append(now))
        _at(net)
        emb_BD = net(_images())
        emb_BD.sin().sum().backward()
        found.append([emb_BD, *(p.grad for p in net.parameters() if p.requires_grad)])
    assert [runs.count(False), runs.count(True)] == [3, 6]
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_recompute_when_set_then_the_experiment_is_the_same() -> None:
    assert digest(vit.Config(recompute=True)) == digest(vit.Config())


def test_masking_when_trained_then_hides_the_part_it_is_told_of_every_image() -> None:
    net = _net(mask_ratio=0.3)
    net.norm = nn.Identity()
    net.blocks = nn.ModuleList()
    net.feature = nn.Sequential(nn.Unflatten(1, (16, 256)))
    net.mask_token.data.fill_(7.0)
    _at(net)
    tokens = net(_images())
    hidden = (tokens == 7.0).all(2)
    assert hidden.sum(1).tolist() == [16 - 11] * TOTAL
    assert len({tuple(row) for row in hidden.tolist()}) == TOTAL
    seen = net.eval()(_images())
    assert torch.equal(tokens[~hidden], seen[~hidden])


def test_drop_path_when_a_block_drops_then_each_branch_for_itself() -> None:
    class Constant(nn.Module):
        def __init__(self, value: float) -> None:
            super().__init__()
            self.value = value

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.full_like(x, self.value)

    block = Block(8, dropout=0.0, drop_path=0.5)
    block.attn, block.mlp = Constant(1.0), Constant(2.0)  # type: ignore[assignment]
    position(block, Position(seed=0, step=0, first=0, count=64, total=64))
    samples = block(torch.zeros(64, 4, 8)).flatten(1)
    assert torch.equal(samples, samples[:, :1].expand_as(samples))
    assert set(samples[:, 0].tolist()) == {0.0, 2.0, 4.0, 6.0}


def test_drop_path_when_built_then_rates_rise_from_none_to_that_of_the_config() -> None:
    net = vit.build(vit.Config(drop_path=0.11), 112)
    assert isinstance(net, VisionTransformer)
    rates = [block.drop_path1.p for block in net.blocks if isinstance(block, Block)]
    assert rates == pytest.approx([0.01 * number for number in range(12)])


def test_published_size_when_patches_are_9_then_the_last_4_pixels_are_not_read() -> None:
    torch.manual_seed(0)
    net = vit.build(vit.Config(embedding_size=8), 112).eval().double()
    images = _images(2, 112)
    changed = images.clone()
    changed[:, :, 108:], changed[:, :, :, 108:] = 0.0, 0.0
    assert torch.equal(net(images), net(changed))
    changed[:, :, 107] = 0.0
    assert not torch.equal(net(images), net(changed))


@pytest.mark.parametrize(("size", "patch"), [(113, 9), (112, 10), (8, 9), (0, 1)])
def test_size_when_patches_do_not_fill_it_then_is_refused(size: int, patch: int) -> None:
    with pytest.raises(ConfigError, match=f"size={size}.*multiple of {patch},"):
        vit.build(vit.Config(patch=patch), size)


def test_mask_ratio_when_no_token_is_left_then_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"mask_ratio=0\.8: leaves none of the 4 tokens"):
        vit.build(vit.Config(patch=16, mask_ratio=0.8), 32)


def test_smallest_vit_when_trained_in_channels_last_then_its_process_survives() -> None:
    two_steps.survives("vit", patch=16, mask_ratio=0.1)
