"""The place of a run in its trial's own process."""

import torch

from frlib.study.schema import Resources
from frlib.train.place import Place, here


def taken(resources: Resources) -> Place:
    """As many threads as the worker has CPUs, and its GPU.

    Ray counts a part of a GPU and limits nothing: of one that is shared, this process may take the
    same part of the memory, so that a run that needs more fails alone instead of its neighbours.
    """
    torch.set_num_threads(max(1, int(resources.cpus_per_worker)))
    place = here(use_gpu=resources.gpus_per_worker > 0)
    if 0 < resources.gpus_per_worker < 1:
        torch.cuda.set_per_process_memory_fraction(resources.gpus_per_worker)
    return place
