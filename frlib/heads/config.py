"""What all head configs share. No torch here: studies are planned without it."""

from typing import Literal

from frlib.core.config import Config, place, setting

_PARTIAL_FC = "insightface, recognition/arcface_torch/partial_fc_v2.py"


class HeadConfig(Config):
    """A head: a preset's own flat fields (`margin`, `lam`, `loss_k`, ...). `name` is the preset."""

    name: str
    scale: float = setting(
        32.0,
        gt=0,
        doc="logit scale s; 32 for small noisy sets, 64 otherwise",
        source="32 in the BoundaryFace repository, head/*.py and README; 64 in insightface, "
        "recognition/arcface_torch/losses.py",
    )
    sample_rate: float = setting(
        1.0,
        gt=0,
        le=1,
        doc="share of the classes that take part in a step; those of the batch always do",
        source=f"{_PARTIAL_FC}: sample_rate; its configs have 0.1 to 1",
    )
    frozen_rows: bool = setting(
        True,
        doc="centres and learned margins of classes that take no part in a step stay as they are; "
        "off: momentum and weight decay go on moving them",
        source=f"off as in {_PARTIAL_FC}; on as in its first version and in MixBCT",
    )
    detect_over: Literal["all", "sampled"] = setting(
        "all",
        doc="classes among which a relabelling rule looks when not all take part",
        source="not in any source: Partial FC and relabelling were not combined there",
    )
    logits: Literal["float32", "bfloat16"] = setting(
        "float32",
        doc="type of the products; bfloat16 keeps relabelling decisions in float32",
        source="not in any source",
    )
    form: Literal["fused", "reference"] = place(
        "fused", doc="how it is computed: the lean form, or plain autograd with logits to look at"
    )
