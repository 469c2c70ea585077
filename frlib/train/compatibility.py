"""The method of `config.compat` as a part of what is trained, in the space of both models.

    same size      both embeddings as they are
    pad            zeros appended to the shorter
    truncate       the longer cut to the size of the shorter, and made unit again
    project        new -> old by a linear map without bias, learned with the terms

Class centres of the old side go the same way; a radius stays as it was found in full.

Shapes: b rows of this worker, D dimensions of the new embedding, e of the old one, d of both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from frlib.compat._term import Block, Seen, Side, Term
from frlib.core import discover, safeio
from frlib.core.errors import DataError
from frlib.core.seeds import torch_seed
from frlib.heads._unit import directions
from frlib.heads.head import Head
from frlib.parallel.collectives import Group
from frlib.train.compatible import Compat, Dimensions, require_made, rule_for
from frlib.train.config import TrainConfig
from frlib.train.old_files import ABOUT, SUMMARY_FILE

PROJECT = "compat.project.weight"
"""Of a model: `[e, D]`, the learned map to the old space."""
_UNIT = ("means", "classifier")
_MOST_PARTS = 8


@dataclass(frozen=True, eq=False)
class OldRows:
    """Of a batch. unit_be: old features of length 1, or zero. credible_b: bool."""

    unit_be: Tensor
    credible_b: Tensor

    def __getitem__(self, rows: slice | Tensor) -> "OldRows":
        return OldRows(self.unit_be[rows], self.credible_b[rows])

    def to(self, device: torch.device) -> "OldRows":
        """On a device."""
        return OldRows(self.unit_be.to(device), self.credible_b.to(device))


@dataclass(frozen=True)
class Where:
    """Which rows a pass has: from place `first` of `total`. step: number of the pass."""

    first: int
    total: int
    step: int
    epoch: int


class Compatibility(nn.Module):
    """The term of the method, and the learned map where there is one."""

    sums: Tensor

    def __init__(
        self,
        compat: Compat,
        side: Side,
        *,
        size: int,
        old_size: int,
        passes: int,
        group: Group,
    ) -> None:
        """size: D. old_size: e. passes: of the run. `ConfigError` where sizes do not fit."""
        super().__init__()
        self._rule = rule_for(compat, size, old_size)
        self._replaces, self._passes, self._seed = compat.method.replaces, passes, side.seed
        self._size, self._both, self._group = size, side.dim, group
        module = discover.load("frlib.compat", compat.method.name)
        self.term: Term | None = None
        if hasattr(module, "build"):
            self.term = module.build(compat.method, side)
        self.project: nn.Linear | None = None
        if self._rule == "project":
            generator = torch.Generator().manual_seed(torch_seed(side.seed, "compat", "project"))
            self.project = nn.Linear(size, old_size, bias=False)
            nn.init.orthogonal_(self.project.weight, generator=generator)
        self.register_buffer("sums", torch.zeros(_MOST_PARTS + 1, dtype=torch.float64))
        self._names: tuple[str, ...] = ()
        self._pending: list[Tensor] = []

    def forward(
        self, emb_bD: Tensor, old: OldRows, labels_b: Tensor, where: Where, head: Head
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """`[b, D]` that the head is given, and parts of the loss, to be averaged over workers."""
        if self.term is None:
            return emb_bD, {}
        seen = self._seen(emb_bD, old, labels_b, where, head)
        given_bD = self.term.replaced(seen) if self._replaces else emb_bD
        parts = self.term(seen)
        own = list(self.parameters())
        if own and parts:
            # A gradient for every parameter in every step, on one worker as on many.
            name = next(iter(parts))
            parts[name] = parts[name] + 0.0 * torch.stack([p.sum() for p in own]).sum()
        return given_bD, parts

    def _seen(
        self, emb_bD: Tensor, old: OldRows, labels_b: Tensor, where: Where, head: Head
    ) -> Seen:
        wide_bD = emb_bD.to(torch.promote_types(emb_bD.dtype, torch.float32))
        old_be = old.unit_be.to(wide_bD)
        old_bD = functional.pad(old_be, (0, self._size - old_be.shape[1]))
        return Seen(
            emb_bD=wide_bD,
            unit_bd=directions(self.raw_in_both(wide_bD)),
            old_bd=in_both(old_be, self._rule, self._both, is_unit=True),
            old_bD=old_bD if self._replaces else None,
            labels_b=labels_b,
            credible_b=old.credible_b,
            first=where.first,
            total=where.total,
            seed=self._seed,
            step=where.step,
            epoch=where.epoch,
            progress=where.step / self._passes,
            group=self._group,
            head=head,
        )

    def raw_in_both(self, emb_nD: Tensor) -> Tensor:
        """`[n, d]` of raw new embeddings, raw."""
        if self.project is not None:
            mapped: Tensor = self.project(emb_nD)
            return mapped
        return in_both(emb_nD, self._rule, self._both, is_unit=False)

    def old_in_both(self, old_ne: NDArray[np.float32]) -> NDArray[np.float32]:
        """`[n, d]` of raw old features, raw."""
        return np.asarray(self._old_raw(torch.from_numpy(old_ne)).numpy())

    def renew(self, blocks: Iterable[Block], epoch: int) -> None:
        """As the method's `Term.renew`, of blocks with the old features `[n, e]` as they are."""
        assert self.term is not None, "only a method asks for it"
        shown = (replace(one, old_nd=self._old_raw(one.old_nd)) for one in blocks)
        self.term.renew(shown, epoch)

    def _old_raw(self, old_ne: Tensor) -> Tensor:
        return in_both(old_ne, self._rule, self._both, is_unit=False)

    def note(self, parts: Mapping[str, Tensor]) -> None:
        """What a step came to, on this worker. No device sync."""
        if parts:
            self._names = tuple(parts)
            self._pending.append(torch.stack(list(parts.values())))

    def forget(self) -> None:
        """Drop what was noted and not added up: the run went back to before it."""
        self._pending = []

    def settle(self) -> None:
        """Add up over the workers what was noted. Every worker calls this."""
        if not self._pending:
            return
        rows_np = self._group.mean(torch.stack(self._pending)).double()
        good_n = torch.isfinite(rows_np).all(1)
        self.sums[: rows_np.shape[1]] += rows_np[good_n].sum(0)
        self.sums[-1] += good_n.sum()
        self._pending = []

    def row(self) -> dict[str, float]:
        """Of an epoch, `train/compat/<part>`: mean over its steps; begins anew."""
        *sums, steps = self.sums.tolist()
        self.sums.zero_()
        means = dict(zip(self._names, sums, strict=False)) if steps else {}
        found = {f"train/compat/{name}": value / steps for name, value in means.items()}
        if self.term is not None:
            counts = self.term.counts().items()
            found |= {f"train/compat/{name}": float(count) for name, count in counts}
        return found


def dimensions_of_both(rule: Dimensions, size: int, old_size: int) -> int:
    """d."""
    if rule == "project":
        return old_size
    return min(size, old_size) if rule == "truncate" else max(size, old_size)


def in_both(rows_n: Tensor, rule: Dimensions, both: int, *, is_unit: bool) -> Tensor:
    """`[n, D]` or `[n, e]` -> `[n, d]` by padding or cutting. is_unit: made unit again."""
    missing = both - rows_n.shape[1]
    if not missing or rule == "project":
        return rows_n
    found = functional.pad(rows_n, (0, missing))
    return directions(found) if is_unit and missing < 0 else found


def built(
    config: TrainConfig, num_classes: int, *, seed: int, passes: int, group: Group
) -> Compatibility:
    """Of a run whose stages are done. passes: of the whole run.

    `ConfigError` where they are not, or sizes do not fit; `DataError` for damaged artefacts.
    """
    compat = config.compat
    assert compat is not None, "only a run with an old model has this"
    require_made(compat)
    size, old_size = config.backbone.embedding_size, about(compat)["dimensions"]
    rule = rule_for(compat, size, old_size)
    both, kind = dimensions_of_both(rule, size, old_size), torch.get_default_dtype()
    made = {
        name: in_both(tensor.to(kind), rule, both, is_unit=name in _UNIT)
        if tensor.dim() == 2
        else tensor
        for name, tensor in summary(compat).items()
    }
    side = Side(num_classes, both, config.batch_size, config.epochs, seed, made)
    return Compatibility(compat, side, size=size, old_size=old_size, passes=passes, group=group)


def about(compat: Compat) -> dict[str, Any]:
    """What the old features say of themselves; `DataError` where there are none."""
    path = Path(compat.features) / ABOUT
    if not path.is_file():
        raise DataError(f"{path}: no such file; old features must be seen from every worker")
    found: dict[str, Any] = safeio.read_json(path)
    return found


def summary(compat: Compat) -> dict[str, Tensor]:
    """Tensors that `frlib.stages.old_summary` made; none where the method needs none."""
    if not compat.summary:
        return {}
    path = Path(compat.summary) / SUMMARY_FILE
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise DataError(
            f"{path}: missing or damaged ({error}); remove its folder and run again, and it is "
            "made anew"
        ) from error
