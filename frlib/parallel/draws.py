"""Random numbers inside a network that do not depend on how a batch is cut up.

A layer draws for the whole global batch, from (seed, name of the layer, step), and takes the rows
of the samples it was given: so any number of workers, and any pieces that a worker cuts its share
into, drop the same units of the same images. The training loop says where a pass is (`position`)
before it runs.

Numbers come from the device's own generator: CPUs and GPUs draw differently.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from frlib.core.errors import ConfigError
from frlib.core.seeds import torch_seed


@dataclass(frozen=True)
class Position:
    """Samples `first` to `first + count - 1` of the global batch of `total` at a step of a run.

    tail_first, tail_count: a second run of its samples, which the pass has behind the first.
    """

    seed: int
    step: int
    first: int
    count: int
    total: int
    tail_first: int = 0
    tail_count: int = 0

    @property
    def samples(self) -> int:
        """In the pass."""
        return self.count + self.tail_count


class Drawing(nn.Module):
    """A layer that draws numbers for each sample while it trains."""

    def __init__(self) -> None:
        super().__init__()
        self._name = ""
        self._where: Position | None = None

    @torch.compiler.disable
    def uniform(self, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """`[count, *shape]` in [0, 1), of this pass, in the type and on the device of `like`.

        like: `[count, ...]`. `ConfigError` if the pass has no position, or another number of
        samples than it says.
        """
        where = self._where
        if where is None or len(like) != where.samples:
            told = "not at all" if where is None else f"for {where.samples} samples"
            raise ConfigError(
                f"layer {self._name or type(self).__name__!r} draws numbers for {len(like)} samples"
                f" in training, and was told {told} which ones. Call frlib.parallel.draws.position "
                "before every pass, or eval() on the network"
            )
        generator = torch.Generator(like.device)
        generator.manual_seed(torch_seed(where.seed, "draws", self._name, where.step))
        kind = torch.promote_types(like.dtype, torch.float32)
        drawn = torch.rand(where.total, *shape, generator=generator, device=like.device, dtype=kind)
        own = drawn[where.first : where.first + where.count]
        if not where.tail_count:
            return own
        return torch.cat([own, drawn[where.tail_first : where.tail_first + where.tail_count]])

    def stand(self, name: str, where: Position) -> None:
        """Take a name and the position of the next pass."""
        self._name, self._where = name, where


class Dropout(Drawing):
    """`nn.Dropout`: units are zeroed with probability `p`, the rest grow by 1 / (1 - p)."""

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ConfigError(f"dropout p={p}: expected 0 <= p < 1")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """`[B, ...]` to the same shape and type."""
        if not self.training or not self.p:
            return x
        kept = self.uniform(tuple(x.shape[1:]), x) >= self.p
        return x * (kept.to(x.dtype) / (1 - self.p))

    def extra_repr(self) -> str:
        """As torch prints its own."""
        return f"p={self.p}"


def drawing(network: nn.Module) -> tuple[tuple[str, Drawing], ...]:
    """The drawing layers of a network, with their names in it."""
    return tuple((n, layer) for n, layer in network.named_modules() if isinstance(layer, Drawing))


def position(network: nn.Module, where: Position) -> None:
    """Tell every drawing layer of a network its name in it, and where the next pass is."""
    for name, layer in drawing(network):
        layer.stand(name, where)
