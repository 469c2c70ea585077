"""The network of a finished run, with its weights, as evaluation uses it."""

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from frlib.core import discover
from frlib.core.errors import RecordError
from frlib.records.finished import Finished

_OURS = "backbone."


def weights(run: Finished) -> dict[str, torch.Tensor]:
    """The backbone's tensors under the backbone's own names; the head is left behind."""
    try:
        every = load_file(run.model)
    except (SafetensorError, OSError) as error:
        raise RecordError(f"{run.model}: cannot be read as safetensors ({error})") from error
    found = {k.removeprefix(_OURS): v for k, v in every.items() if k.startswith(_OURS)}
    if not found:
        raise RecordError(
            f"{run.model}: holds no tensor named {_OURS}*, so it is not the model of a run; "
            f"found {', '.join(sorted(every)[:3]) or 'nothing'}"
        )
    return found


def load(run: Finished) -> nn.Module:
    """The network on the CPU in evaluation mode; `RecordError` where the weights do not fit it."""
    raw = run.config["backbone"]
    module = discover.load("frlib.backbones", str(raw["name"]))
    network: nn.Module = module.build(module.Config.parse(dict(raw)), run.size)
    try:
        network.load_state_dict(weights(run))
    except RuntimeError as error:
        raise RecordError(
            f"{run.model}: does not fit the {raw['name']} of {run.arm}; it was written by another "
            f"version, or belongs to another run. {error}"
        ) from None
    return network.eval()
