"""Sets of the papers, by the names they come under, in the folder that the command is called in.

Training sets and pair sets as insightface packs them (`train.rec`, `lfw.bin`), folders of aligned
images with lists of pairs for SLLFW and RFW. On a cluster, and elsewhere, name absolute paths:
`--set base.data.train.path=DIR`, `--set 'base.data.benchmarks=[...]'`.
"""

from typing import Any

from frlib.data.config import DataConfig, Holdout, PairBenchmark
from frlib.data.sources import image_folder, pair_bin

PACKED = ("lfw", "agedb_30", "cfp_fp", "calfw", "cplfw")
RACES = ("Asian", "Caucasian", "Indian", "African")


def packed(*names: str) -> tuple[PairBenchmark, ...]:
    """Verification sets in insightface's form, `pairs/<name>.bin`."""
    return tuple(
        PairBenchmark(name=name, images=pair_bin.Config(path=f"pairs/{name}.bin")) for name in names
    )


def ten() -> tuple[PairBenchmark, ...]:
    """The ten of BoundaryFace's tables: the five above, SLLFW on LFW's images, RFW by group."""
    sllfw = PairBenchmark(
        name="sllfw",
        images=image_folder.Config(path="pairs/lfw"),
        pairs="pairs/SLLFW_changed.txt",
        listed="sllfw",
    )
    groups = tuple(
        PairBenchmark(
            name=f"rfw_{race.lower()}",
            images=image_folder.Config(path=f"pairs/rfw/{race}"),
            pairs=f"pairs/rfw/{race}_pairs.txt",
            listed="rfw",
        )
        for race in RACES
    )
    return (*packed(*PACKED), sllfw, *groups)


def data(train: Any, benchmarks: tuple[PairBenchmark, ...], **others: Any) -> DataConfig:
    """112 pixels; one identity in 200 is held out to select on."""
    holdout = Holdout(fraction=0.005, num_pairs=6000)
    return DataConfig(train=train, size=112, holdout=holdout, benchmarks=benchmarks, **others)
