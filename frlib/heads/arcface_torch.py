"""Class centres from the files of insightface's arcface_torch, of any number of GPUs.

Every GPU r of W writes its own file, with the centres of ⌊C/W⌋ classes, one more where r < C mod W,
in the order of the classes. That is also how classes are shared out here (`shard.share`).

    checkpoint_gpu_{r}.pt              a dict: state_dict_softmax_fc has weight [rows, D];
                                       state_optimizer the momentum, of the last parameter
    softmax_fc_gpu_{r}.pt              a state dict that has weight
    rank_{r}_softmax_weight.pt         the weight itself; rank:{r}_… in the first version
    rank_{r}_softmax_weight_mom.pt     its momentum

Nothing in the files says how many there are: a last one that is missing shows only if `num_classes`
is given. Class c is label c of the record file it was trained on; identities must be numbered alike
in the data the centres are used with. Centres of one class are one row after another (`loss_k`).

Files are read as tensors and plain values only. One that asks for code to be run is refused.

Source: insightface, recognition/arcface_torch: train_v2.py and partial_fc_v2.py; partial_fc.py and
train.py of 2021 and 2022 for the older names.
"""

import logging
import pickle
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from frlib.core.errors import ConfigError, RecordError
from frlib.heads.head import Head
from frlib.heads.layout import part_of
from frlib.heads.shard import share

log = logging.getLogger(__name__)

_WEIGHTS = {
    "checkpoint_gpu_{r}.pt": re.compile(r"checkpoint_gpu_(\d+)\.pt"),
    "softmax_fc_gpu_{r}.pt": re.compile(r"softmax_fc_gpu_(\d+)\.pt"),
    "rank_{r}_softmax_weight.pt": re.compile(r"rank_(\d+)_softmax_weight\.pt"),
    "rank:{r}_softmax_weight.pt": re.compile(r"rank:(\d+)_softmax_weight\.pt"),
}
_MOMENTUM = re.compile(r"rank[_:](\d+)_softmax_weight_mom\.pt")
_CHECKPOINT, _STATE_DICT = list(_WEIGHTS)[:2]


@dataclass(frozen=True)
class Centres:
    """`weight` `[R, D]` of all classes, `loss_k` rows each; `momentum` like it, where it was kept.

    `files`: those the weight was read from, in the order of their ranks.
    """

    weight: Tensor
    momentum: Tensor | None
    files: tuple[Path, ...]
    loss_k: int = 1

    @property
    def num_classes(self) -> int:
        """Classes they are of."""
        return len(self.weight) // self.loss_k


def read(
    source: str | Path | Iterable[Path], num_classes: int | None = None, loss_k: int = 1
) -> Centres:
    """The centres in a folder, or in the files named; all of one training.

    `num_classes`: how many there must be. `loss_k`: centres per class.
    """
    kind, files, momenta = _found(source)
    ranks = range(len(files))
    read_ = [_centres(files[rank], kind) for rank in ranks]
    weights = [weight for weight, _ in read_]
    _check_alike(weights, files)
    _check_shares(weights, files, num_classes, loss_k)
    if momenta:
        momentum = [_tensor(_load(momenta[rank]), momenta[rank]) for rank in ranks]
        for rank in ranks:
            _check_momentum(momentum[rank], weights[rank], momenta[rank])
    else:
        momentum = [m for _, m in read_ if m is not None]
        if momentum and len(momentum) < len(weights):
            log.warning(
                "%s: momentum left out: only %d of %d files have one for every centre",
                files[0].parent,
                len(momentum),
                len(files),
            )
    is_whole = len(momentum) == len(weights)
    return Centres(
        torch.cat(weights),
        torch.cat(momentum) if is_whole else None,
        tuple(files[rank] for rank in ranks),
        loss_k,
    )


@torch.no_grad()
def load_into(head: Head, centres: Centres, optimiser: torch.optim.Optimizer | None = None) -> None:
    """Put this worker's part of the centres into its head, and their momentum into the optimiser.

    The slots' numbers stay as they are. `optimiser`: one that trains the head, if the momentum is
    to be taken over.
    """
    each, dim = head.slots.similarity.centres_per_class, head.weight.shape[1]
    found = (centres.num_classes, centres.loss_k, centres.weight.shape[1])
    if found != (head.shard.num_classes, each, dim):
        raise ConfigError(
            f"{_place(centres.files)}: centres of {found[0]} classes, {found[1]} a class, "
            f"{found[2]} numbers each; the head has {head.shard.num_classes} classes, {each} a "
            f"class, {dim} numbers each. Build it for these centres"
        )
    if optimiser is not None:
        if centres.momentum is None:
            raise ConfigError(
                f"{_place(centres.files)}: no momentum of the centres was stored there; load them "
                "without an optimiser"
            )
        if not any(p is head.weight for g in optimiser.param_groups for p in g["params"]):
            raise ConfigError(
                "the optimiser does not train this head's weight; pass the one that does"
            )
        if not (isinstance(optimiser, torch.optim.SGD) and optimiser.defaults["momentum"] > 0):
            raise ConfigError(
                f"{type(optimiser).__name__} keeps no momentum like the stored one; load the "
                "centres without an optimiser, or train with SGD and momentum"
            )
        part = part_of(head, {"weight": centres.momentum})["weight"]
        optimiser.state[head.weight]["momentum_buffer"] = part.to(head.weight)
    head.weight.copy_(part_of(head, {"weight": centres.weight})["weight"])


def _found(source: str | Path | Iterable[Path]) -> tuple[str, dict[int, Path], dict[int, Path]]:
    """Kind of the files, and by rank: the weights, and the momenta that are files of their own."""
    if isinstance(source, (str, Path)):
        source = Path(source)
        if not source.is_dir():
            raise RecordError(
                f"{source}: no such folder. Pass the folder arcface_torch wrote to, or a list of "
                "its files"
            )
        where, files = str(source), sorted(source.iterdir())
    else:
        files = [Path(path) for path in source]
        where = _place(tuple(files))
        known = [*_WEIGHTS.values(), _MOMENTUM]
        for path in files:
            if not any(pattern.fullmatch(path.name) for pattern in known):
                raise RecordError(f"{path}: not a name of arcface_torch; {_expected()}")
    kinds = {kind: by_rank for kind in _WEIGHTS if (by_rank := _by_rank(_WEIGHTS[kind], files))}
    if not kinds:
        raise RecordError(f"{where}: no class centres of arcface_torch; {_expected()}")
    if len(kinds) > 1:
        raise RecordError(
            f"{where}: class centres of several kinds ({', '.join(kinds)}), which may be of "
            "different trainings. Pass a list of the files of one"
        )
    ((kind, weights),) = kinds.items()
    _check_ranks(weights, where)
    momenta = _by_rank(_MOMENTUM, files)
    if momenta and momenta.keys() != weights.keys():
        raise RecordError(
            f"{where}: momentum of ranks {_listed(momenta)}, weights of ranks {_listed(weights)}. "
            "Find the missing files, or pass a list of the weights' files alone"
        )
    return kind, weights, momenta


def _by_rank(pattern: re.Pattern[str], files: Iterable[Path]) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for path in files:
        if match := pattern.fullmatch(path.name):
            rank = int(match[1])
            if rank in found:
                raise RecordError(f"{path} and {found[rank]} are both of rank {rank}; pass one")
            found[rank] = path
    return found


def _check_ranks(files: dict[int, Path], where: str) -> None:
    missing = [rank for rank in range(max(files) + 1) if rank not in files]
    if missing:
        raise RecordError(
            f"{where}: files of ranks {_listed(files)}, but not of {_listed(missing)}. Centres "
            "of classes in between would be missing; find the files"
        )


def _check_alike(weights: list[Tensor], files: dict[int, Path]) -> None:
    for rank, weight in enumerate(weights):
        if weight.shape[1] != weights[0].shape[1] or weight.dtype != weights[0].dtype:
            raise RecordError(
                f"{files[rank]}: centres of {weight.shape[1]} numbers ({weight.dtype}), but "
                f"{files[0].name} has {weights[0].shape[1]} ({weights[0].dtype}): they are of "
                "different trainings. Pass the files of one"
            )


def _check_shares(
    weights: list[Tensor], files: dict[int, Path], num_classes: int | None, loss_k: int
) -> None:
    rows, size = sum(map(len, weights)), len(weights)
    if loss_k < 1 or rows % loss_k:
        raise ConfigError(
            f"{_place(tuple(files.values()))}: {rows} rows are not a whole number of classes with "
            f"loss_k={loss_k} centres each. Pass the number of centres it was trained with"
        )
    classes = rows // loss_k
    if num_classes is not None and classes != num_classes:
        raise RecordError(
            f"{_place(tuple(files.values()))}: {size} files with {rows} rows are {classes} classes "
            f"of {loss_k} centres, expected {num_classes}. Are the last files missing, is loss_k "
            "right?"
        )
    for rank, weight in enumerate(weights):
        _, count = share(classes, rank, size)
        if len(weight) != count * loss_k:
            raise RecordError(
                f"{files[rank]}: {len(weight)} rows, expected {count * loss_k}: GPU {rank} of "
                f"{size} has {count} of {classes} classes, {loss_k} centres each. Files are "
                "missing or of different trainings, or loss_k is wrong"
            )


def _check_momentum(momentum: Tensor, weight: Tensor, path: Path) -> None:
    if momentum.shape != weight.shape:
        raise RecordError(
            f"{path}: momentum {list(momentum.shape)} of a weight {list(weight.shape)}: they are "
            "of different trainings. Pass a list of the weights' files alone"
        )


def _centres(path: Path, kind: str) -> tuple[Tensor, Tensor | None]:
    stored = _load(path)
    if kind == _CHECKPOINT:
        fc = _entry(stored, "state_dict_softmax_fc", path)
        weight = _tensor(_entry(fc, "weight", path), path)
        return weight, _last_momentum(stored.get("state_optimizer"), weight)
    if kind == _STATE_DICT:
        return _tensor(_entry(stored, "weight", path), path), None
    return _tensor(stored, path), None


def _last_momentum(optimiser: Any, weight: Tensor) -> Tensor | None:
    """SGD's momentum of the last parameter, if there is one for every row of the weight.

    Adam has none; where only some classes were trained, the first versions stored that of those.
    """
    try:
        last = optimiser["param_groups"][-1]["params"][-1]
        momentum = optimiser["state"][last]["momentum_buffer"]
    except (KeyError, IndexError, TypeError):
        return None
    is_whole = isinstance(momentum, Tensor) and momentum.shape == weight.shape
    return momentum if is_whole else None


def _entry(stored: Any, name: str, path: Path) -> Any:
    if not isinstance(stored, dict) or name not in stored:
        found = ", ".join(map(str, stored)) if isinstance(stored, dict) else type(stored).__name__
        raise RecordError(
            f"{path}: no {name!r} in it (found {found}); it holds no class centres as "
            "arcface_torch stores them"
        )
    return stored[name]


def _tensor(value: Any, path: Path) -> Tensor:
    is_matrix = isinstance(value, Tensor) and value.dim() == 2 and value.is_floating_point()
    if not is_matrix:
        found = list(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise RecordError(
            f"{path}: expected class centres, a matrix of floating-point numbers; found {found}"
        )
    matrix: Tensor = value.detach()
    return matrix


def _load(path: Path) -> Any:
    """Tensors and plain values. The file is mapped, not read whole, if its format allows."""
    try:
        is_zip = zipfile.is_zipfile(path)
        return torch.load(path, weights_only=True, map_location="cpu", mmap=is_zip)
    except pickle.UnpicklingError as error:
        asks = re.search(r"GLOBAL (\S+)", str(error))
        what = f"asks to run {asks[1]}" if asks else "is damaged or not made of tensors alone"
        raise RecordError(
            f"{path}: it {what}. Unpickling runs whatever a file asks for, so only tensors, "
            "numbers, texts and their lists and dicts are read. If you trust the file, store its "
            "weight anew: torch.save({'weight': weight}, 'softmax_fc_gpu_0.pt')"
        ) from error
    except (OSError, EOFError, RuntimeError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0] or "it ends too early"
        raise RecordError(f"{path}: cannot be read ({reason}); fetch the file again") from error


def _place(files: tuple[Path, ...]) -> str:
    return str(files[0].parent) if files else "an empty list of files"


def _listed(ranks: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ranks)))


def _expected() -> str:
    return f"expected {', '.join(_WEIGHTS)}. Backbones (backbone.pth, model.pt) have no centres"
