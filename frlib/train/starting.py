"""Fills a trainee with the weights that a run starts from."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from frlib.backbones import load_public
from frlib.core.errors import ConfigError, DataError
from frlib.heads.layout import load_whole
from frlib.train.start import Start, file_of, require_content
from frlib.train.trainee import Trainee

_BACKBONE, _HEAD = "backbone.", "head."


def load(start: Start, trainee: Trainee) -> None:
    """Backbone, and head if asked for; `DataError` if the file is not the one that was meant.

    `ConfigError` if its head is of other classes. The trainee is on the CPU still.
    """
    if start.stage:
        raise ConfigError(
            f"start.stage={start.stage!r}: this run is begun by itself, not in a study, so nothing "
            "has made its stages; give start.path, the folder of a finished run"
        )
    file = file_of(start.path)
    require_content(file, start.sha256, "start", "weights")
    tensors = _own(file)
    if tensors is None:
        if start.head:
            raise ConfigError(f"start.head: {file} holds a backbone alone; leave start.head off")
        load_public(trainee.backbone, file)
        return
    backbone = {n.removeprefix(_BACKBONE): t for n, t in tensors.items() if n.startswith(_BACKBONE)}
    own = {name: tuple(t.shape) for name, t in trainee.backbone.state_dict().items()}
    have = {name: tuple(t.shape) for name, t in backbone.items()}
    if have != own:
        odd = sorted(n for n in have.keys() | own.keys() if have.get(n) != own.get(n))
        raise DataError(
            f"{file}: not weights of this backbone: {len(odd)} tensors differ, first {odd[0]} "
            f"({have.get(odd[0], 'missing')}, expected {own.get(odd[0], 'none')}). Set backbone to "
            "that of the run they come from"
        )
    trainee.backbone.load_state_dict(backbone)
    if start.head:
        head = {n.removeprefix(_HEAD): t for n, t in tensors.items() if n.startswith(_HEAD)}
        load_whole(trainee.head, head)


def _own(file: Path) -> dict[str, Tensor] | None:
    """The tensors of a model of this project; None for a file of another kind."""
    if file.suffix != ".safetensors":
        return None
    try:
        tensors = load_file(file)
    except (SafetensorError, OSError) as error:
        raise DataError(f"{file}: damaged ({error}); copy it again") from error
    return tensors if any(name.startswith(_HEAD) for name in tensors) else None
