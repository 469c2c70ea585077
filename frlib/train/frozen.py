"""An optimiser step that leaves some rows of a parameter alone, momentum and weight decay included.

For classes that took no part in a step: their gradient is zero, but momentum and decay would go on
moving them. Only the other rows, and the optimiser's numbers for them, are shown to the optimiser.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from frlib.heads.head import MovedRows


def joined(parts: Sequence[MovedRows]) -> MovedRows:
    """The rows that any of several passes moves, each once, with the sum of their gradients."""
    first = parts[0]
    if len(parts) == 1:
        return first
    rows, place = torch.cat([one.rows for one in parts]).unique(return_inverse=True)
    given = [one.gradient for one in parts if one.gradient is not None]
    if not given:
        return MovedRows(first.parameter, rows)
    total = given[0].new_zeros(len(rows), *given[0].shape[1:])
    return MovedRows(first.parameter, rows, total.index_add_(0, place, torch.cat(given)))


@contextmanager
def only_rows(optimiser: torch.optim.Optimizer, moved: MovedRows) -> Iterator[None]:
    """Within, the optimiser sees the moved rows of their parameter alone.

    Numbers of the optimiser that have the parameter's shape follow its rows; those it makes within
    start at zero for the rows it did not see.
    """
    parameter, grad = moved.parameter, moved.parameter.grad
    rows_n = moved.rows.to(parameter.device)
    if moved.gradient is not None:
        own_grad = moved.gradient.to(parameter)
    elif grad is not None:
        own_grad = grad.index_select(0, rows_n)
    else:
        yield
        return
    whole, state = parameter.data, optimiser.state[parameter]
    wholes = {k: v for k, v in state.items() if torch.is_tensor(v) and v.shape == whole.shape}
    parameter.grad = None
    parameter.data = whole.index_select(0, rows_n)
    parameter.grad = own_grad
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
