"""Within a learned reach of the old class, and not to be told from old features.

    r_c   = R_c + sigmoid(b_c) · (τ − R_c)                     b_c learned, one a class
    Lp2s  = mean over violators of |f_i − z_{y_i}| − r_{y_i}   violators: where this is positive
    Ladv  = (E − e + 1)/E · [ NLL(D(R(f)), new) + NLL(D(o), old) ]
    loss  = λ_p2s · Lp2s + λ_adv · Ladv

f_i: new embedding, o_i: old feature, of length 1; z_c, R_c: centre and radius of the old class
(`_classes`); classes with one kept image or none put no bound. D: linear to `hidden`, batch norm,
ReLU, linear to 2, log-softmax. R: identity whose slope is −a, a = 2/(1 + exp(−10 p)) − 1 at the
share p of the training. e: epoch, from 0, of E. Gradients can only enlarge r_c, towards
max(R_c, τ); weight decay pulls b_c back to 0.

The discriminator normalises new and old by statistics of their own, two batches, so that its first
layer removes a difference of their means; `joint_batch` passes both as one.

Sources: Pan et al., Boundary-Aware Backward-Compatible Representation via Adversarial Learning in
Image Retrieval, CVPR 2023; MixBCT repository, whose two weights of 4 and τ = 0.4 are the defaults
(AdvBCT repository: 1, 1, and τ = 1 in its example). Deviations: batch statistics are those of all
workers; without a violator Lp2s is 0 with a slope of 0.
"""

from typing import TYPE_CHECKING, Literal

from frlib.compat._method import Method, Need
from frlib.core.config import setting
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform

if TYPE_CHECKING:
    from frlib.compat._term import Side, Term

PAPER = Paper(
    key="pan2023advbct",
    title="AdvBCT",
    where="MixBCT repository (yuleung), BCT_Methods/AdvBCT",
    url="https://arxiv.org/abs/2305.02610",
)
_SOURCE = "MixBCT repository, AdvBCT; 1 in the AdvBCT repository"


class Config(Method):
    """Weights, reach, and the discriminator."""

    name: Literal["advbct"] = "advbct"
    boundary_weight: float = setting(4.0, ge=0, doc="weight λ_p2s of the bound", source=_SOURCE)
    adversary_weight: float = setting(
        4.0, ge=0, doc="weight λ_adv of the discriminator's loss", source=_SOURCE
    )
    tau: float = setting(
        0.4,
        ge=0,
        le=2,
        doc="reach τ that a class can learn",
        unit="distance of vectors of length 1",
        source="MixBCT repository, AdvBCT; 1 in the example of the AdvBCT repository",
    )
    hidden: int = setting(
        100, ge=1, doc="units of the discriminator", source="MixBCT repository, AdvBCT"
    )
    joint_batch: bool = setting(
        False,
        doc="one batch of new and old features for the discriminator's batch norm, not two",
        source="two in the MixBCT repository, AdvBCT",
    )

    @property
    def needs(self) -> tuple[Need, ...]:
        """Centre, radius and count."""
        return ("radius",)

    def numbers(self, classes: int, dim: int, rows: int) -> int:
        """Centres, radii and counts, and the learned number of every class with its gradient."""
        return classes * (dim + 5) + 6 * rows * dim


SPACE: dict[str, Distribution] = {
    "boundary_weight": Uniform(low=0.1, high=10.0, log=True),
    "adversary_weight": Uniform(low=0.1, high=10.0, log=True),
    "tau": Uniform(low=0.2, high=1.0),
}


def label(config: Config) -> str:
    """Name in tables: AdvBCT, AdvBCT (τ=1)."""
    return named(
        PAPER.title,
        config,
        boundary_weight="λ_p2s={:g}",
        adversary_weight="λ_adv={:g}",
        tau="τ={:g}",
        hidden="{} hidden",
        joint_batch="joint batch",
    )


def build(config: Config, side: "Side") -> "Term":
    """Its term; boundary and discriminator begin as the seed says."""
    from frlib.compat._advbct_term import Bounded

    return Bounded(config, side)
