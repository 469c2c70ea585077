"""Finished runs in a store, with the weights of an untrained network."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from frlib.core import discover
from frlib.core.config import Config, to_dict
from frlib.data.config import DataConfig
from frlib.data.sources import parquet
from frlib.records import declare, layout
from frlib.records.write import RunWriter
from frlib.train.config import TrainConfig

ARM = "0123456789abcdef"


def make(store: Path, backbone: Config, size: int, *, ends: bool = True) -> Path:
    """The folder of the replicate; its data lies under a path that nothing may name."""
    study = store / "studies" / "small"
    config = TrainConfig(
        data=DataConfig(train=parquet.Config(path="/private/faces"), size=size), backbone=backbone
    )
    declare.write_study(study, {"name": "small", "question": "?", "report": []})
    arm = {
        "arm": ARM,
        "cell": {},
        "params": {},
        "config": to_dict(config),
        "datasets": {"train": "aa11", "faces/images": "bb22"},
        "default": True,
    }
    declare.write_arm(study, arm)
    folder = layout.arm_folder(study, ARM) / "r3"
    facts = {
        "images": 4321,
        "classes": 56,
        "manifest": "cafe0123",
        "realised": {"noise": {"realised_ratio": 0.25}},
        "benchmark_pairs": {"faces": 600},
        "protocols/faces": {"insightface10": "insightface5"},
    }
    with RunWriter(study, study="small", arm=ARM, seed=3, facts=facts) as run:
        run.log({"faces/insightface10/accuracy": 0.1, "selection/auc": 0.2}, epoch=1, step=5)
        run.log({"faces/insightface10/accuracy": 0.87654, "selection/auc": 0.75}, epoch=2, step=9)
        if not ends:
            run.finish("stopped", "asked to")
    model = nn.ModuleDict({"backbone": network(backbone, size), "head": nn.Linear(4, 56)})
    save_file(model.state_dict(), folder / "model.safetensors")
    return folder


def network(backbone: Config, size: int) -> nn.Module:
    """The network the run holds, in evaluation mode, its statistics moved away from 0 and 1."""
    torch.manual_seed(7)
    module = discover.load("frlib.backbones", str(to_dict(backbone)["name"]))
    net: nn.Module = module.build(backbone, size)
    net.train()
    with torch.no_grad():
        for _ in range(3):
            net(torch.rand(8, 3, size, size) * 2 - 1)
    return net.eval()
