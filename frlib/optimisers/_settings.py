"""What all optimisers are told."""

from typing import Any, Literal

from frlib.core.config import Config, setting

_LATER = ("decay", "head_rate", "layer_decay")


class Settings(Config):
    """Rates, decay and clipping. `name` says which optimiser."""

    name: str
    lr: float = setting(0.1, gt=0, doc="base learning rate")
    weight_decay: float = setting(5e-4, ge=0, doc="weight decay, backbone and head")
    decay: Literal["all", "weights"] = setting(
        "all",
        doc="what decays: every parameter, or those with two axes and more (no norm, bias, slope)",
        source="all: insightface, BoundaryFace; weights: CurricularFace, for its batch norms",
    )
    clip_norm: float = setting(5.0, ge=0, doc="gradient norm limit, backbone and head; 0: none")
    head_rate: float = setting(1.0, gt=0, doc="learning rate of the head, in those of the backbone")
    layer_decay: float = setting(
        1.0,
        gt=0,
        le=1,
        doc="rate of a layer, in those of the next one towards the embedding; for fine-tuning",
        source="Clark et al., ELECTRA, appendix B, arXiv 2003.10555",
    )

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the numbers that it keeps of every parameter; they stay during a run."""
        return ()

    def counted(self) -> dict[str, Any]:
        """As when these were no fields yet, where they change nothing."""
        fields = super().counted()
        for name in _LATER:
            if fields[name] == type(self).model_fields[name].default:
                del fields[name]
        return fields
