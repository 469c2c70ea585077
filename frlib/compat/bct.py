"""The new embedding is classified by what stands for its class in the old space, which is frozen.

    loss = λ · CE( s · P f_i, y_i )        P `[C, d]`: a prototype of length 1 for each class

f_i: new embedding of length 1; no margin. s is 1 in the source: logits then lie in [−1, 1], and the
term can only move between about ln C + 1 and ln C − 1, which constrains very little; quote s in
every table. Classes without a prototype are left out of the softmax, and their samples out of the
mean.

`prototypes`: class means of the old features, as in the source; the old classifier's centres, which
the paper means; or mixed, the classifier's where it knows the class and the mean elsewhere.

Sources: Shen et al., Towards Backward-Compatible Representation Learning, CVPR 2020; MixBCT
repository. Deviations from the latter: classes may lack images; λ; s.

Memory: three tensors of B × C numbers while a step runs.
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
    key="shen2020bct",
    title="BCT",
    where="MixBCT repository (yuleung), BCT_Methods/BCT",
    url="https://arxiv.org/abs/2003.11942",
)


class Config(Method):
    """Prototypes, weight and scale."""

    name: Literal["bct"] = "bct"
    weight: float = setting(
        1.0, ge=0, doc="weight λ of the term", source="MixBCT repository, BCT: a plain sum"
    )
    compat_scale: float = setting(
        1.0,
        gt=0,
        doc="scale s of the cosines with the prototypes",
        source="MixBCT repository, BCT: none, so 1",
    )
    prototypes: Literal["means", "old_classifier", "mixed"] = setting(
        "means",
        doc="what stands for a class: mean of its old features, the old classifier's centre, or "
        "the centre where there is one and the mean elsewhere",
        source="means as in the MixBCT repository; old_classifier as in the paper",
    )
    mean_weighting: Literal["raw", "unit"] = setting(
        "raw",
        doc="old features in a class mean: by their length, or all the same",
        source="raw as in the MixBCT repository, its tool for class means",
    )

    @property
    def needs(self) -> tuple[Need, ...]:
        """Means, classifier or both."""
        if self.prototypes == "mixed":
            return ("means", "classifier")
        return ("means",) if self.prototypes == "means" else ("classifier",)

    @property
    def weighting(self) -> Literal["raw", "unit"]:
        """`mean_weighting`."""
        return self.mean_weighting

    def numbers(self, classes: int, dim: int, rows: int) -> int:
        """Prototypes, and three tensors over all classes."""
        return classes * dim + 3 * rows * classes


SPACE: dict[str, Distribution] = {
    "weight": Uniform(low=0.1, high=10.0, log=True),
    "compat_scale": Uniform(low=1.0, high=64.0, log=True),
}


def label(config: Config) -> str:
    """Name in tables: BCT, BCT (s=64)."""
    return named(
        PAPER.title,
        config,
        weight="λ={:g}",
        compat_scale="s={:g}",
        prototypes="{}",
        mean_weighting="{} means",
    )


def build(config: Config, side: "Side") -> "Term":
    """Its term; `DataError` if no class has a prototype."""
    from frlib.compat._bct_term import Frozen, mixed

    made = [side.made[need] for need in reversed(config.needs)]
    return Frozen(mixed(made), config.weight, config.compat_scale)
