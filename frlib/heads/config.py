"""What all head configs share. No torch here: studies are planned without it."""

from frlib.core.config import Config, setting


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
