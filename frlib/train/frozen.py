"""An optimiser step that leaves some rows of a parameter alone, momentum and weight decay included.

For classes that took no part in a step: their gradient is zero, but momentum and decay would go on
moving them. Only the other rows, and the optimiser's numbers for them, are shown to the optimiser.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def only_rows(
    optimiser: torch.optim.Optimizer, parameter: nn.Parameter, rows_n: Tensor
) -> Iterator[None]:
    """Within, the optimiser sees rows `rows_n` of `parameter` alone.

    Numbers of the optimiser that have the parameter's shape follow its rows; those it makes within
    start at zero for the rows it did not see.
    """
    if parameter.grad is None:
        yield
        return
    whole, grad, state = parameter.data, parameter.grad, optimiser.state[parameter]
    wholes = {k: v for k, v in state.items() if torch.is_tensor(v) and v.shape == whole.shape}
    parameter.grad = None
    parameter.data = whole.index_select(0, rows_n)
    parameter.grad = grad.index_select(0, rows_n)
    state.update({name: value.index_select(0, rows_n) for name, value in wholes.items()})
    try:
        yield
    finally:
        part = parameter.data
        for name, value in state.items():
            if torch.is_tensor(value) and value.shape == part.shape:
                kept = wholes.get(name)
                kept = torch.zeros_like(whole) if kept is None else kept
                state[name] = kept.index_copy_(0, rows_n, value)
        parameter.grad = None
        parameter.data = whole.index_copy_(0, rows_n, part)
        parameter.grad = grad
