"""What all head configs share. No torch here: studies are planned without it."""

from frlib.core.config import Config, setting


class HeadConfig(Config):
    """A head: a preset's own flat fields (`margin`, `lam`, `loss_k`, ...). `name` is the preset."""

    name: str
    scale: float = setting(
        32.0, gt=0, doc="logit scale s", source="methods: 32 for small noisy sets, 64 otherwise"
    )
