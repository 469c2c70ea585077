"""What the workers of a run write in a folder, seen by all of them.

In a plain folder that all machines share they see it anyway. Of a store at a URI every machine has
a folder of its own.
"""

from pathlib import Path

import torch

from frlib.core import published
from frlib.train.place import Place


def shown(folder: Path, place: Place) -> None:
    """Every worker calls this, and has afterwards what any of them had written before.

    `StoreError` where the store does not take it or give it in time.
    """
    if place.group.size == 1:
        return
    published.flush(folder)
    place.group.max(torch.zeros(1, device=place.device))
    published.bring(folder)
