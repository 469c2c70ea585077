"""The training function of one Ray Train worker."""

from collections.abc import Mapping
from typing import Any

import ray
import torch
from ray import train
from ray.train.torch import get_device

from frlib.parallel.collectives import TorchGroup
from frlib.rayrun import near
from frlib.rayrun.notice import watched
from frlib.rayrun.release import GROUP_KEY
from frlib.train import replicate
from frlib.train.config import TrainConfig
from frlib.train.place import Place


def work(order: dict[str, Any]) -> None:
    """Run one replicate as one of several workers; `order` is made by `frlib.rayrun.trial`."""
    torch.set_num_threads(max(1, int(order["cpus"])))
    group = ray.util.get_current_placement_group()
    tag = {GROUP_KEY: group.id.hex()} if group is not None else {}

    def report(row: Mapping[str, float]) -> None:
        train.report({**row, **tag})

    with near.opened(order["store"]) as store, watched() as notice:
        ticket = replicate.Ticket(
            store,
            order["study"],
            order["arm"],
            int(order["seed"]),
            keep_at=tuple(order["keep_at"]),
            facts=order["facts"],
        )
        place = Place(get_device(), TorchGroup(), notice)
        near.agreed(ticket.folder, place)
        replicate.run(TrainConfig.parse(order["config"]), ticket, place, report)
