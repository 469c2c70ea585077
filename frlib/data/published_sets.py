"""Sizes of published training sets, for planning a run before its data are there.

Identities and images as training configs give them: insightface, recognition/arcface_torch/configs
(`ms1mv2_r50`, `ms1mv3_r50`, `glint360k_r50`, `wf4m_r50`, `wf12m_r50`, `wf42m_pfc02_r100`). For
CASIA-WebFace in its aligned form the ElasticFace repository, config/config.py, counts 501,195
records: those are 490,623 images and a header for each of 10,572 identities.

What a run trains on may be less (`data.min_images`, held-out people): it is counted from the data
once they are there.
"""

from dataclasses import dataclass

from frlib.core.errors import ConfigError
from frlib.core.suggest import did_you_mean


@dataclass(frozen=True)
class Counts:
    """Classes and images of a training set."""

    classes: int
    images: int


PUBLISHED = {
    "casia": Counts(10_572, 490_623),
    "ms1mv2": Counts(85_742, 5_822_653),
    "ms1mv3": Counts(93_431, 5_179_510),
    "glint360k": Counts(360_232, 17_091_657),
    "webface4m": Counts(205_990, 4_235_242),
    "webface12m": Counts(617_970, 12_720_066),
    "webface42m": Counts(2_059_906, 42_474_557),
}


def counts(name: str) -> Counts:
    """Of the set called `name`; `ConfigError` names those there are."""
    if name not in PUBLISHED:
        raise ConfigError(
            f"{name!r}: no such published set{did_you_mean(name, PUBLISHED)}. "
            f"Known: {', '.join(PUBLISHED)}; for others give the number of classes and images"
        )
    return PUBLISHED[name]
