"""Classification by prototypes of the old space that the new space helps to make, from an epoch on.

    loss = λ · [epoch ≥ start] · CE( s · P f_i, y_i )

P begins as class means of the old features. Before an epoch of `refresh` it is renewed: with rows
v_i (new) and u_i (old) of the n images of a class,

    A = v vᵀ / temper, diagonal −∞        E = softmax(A), E of a single image = 1
    U = (1 − lamb) (I − lamb E)⁻¹ u        P_c = mean of the rows of U

variant `rows`: rows of E sum to one, so each image takes a convex mix of its neighbours; v is of
length 1 before the product (with raw lengths and temper 0.05 the softmax is one-hot) and P_c after
it, so that s is the scale of the logits. variant `source`: columns of E sum to one and lengths are
raw. The refinement then cancels, 1ᵀ (1 − lamb) (I − lamb E)⁻¹ = 1ᵀ, and P_c is the plain mean of
the raw old features, which is what is computed.

A class of more than `max_class_size` images is renewed from so many of them, drawn by (seed, epoch,
class), since n² numbers are held and n³ spent; `source` needs no such limit.

Sources: Zhang et al., Towards Universal Backward-Compatible Representation Learning, IJCAI 2022;
MixBCT repository. Deviations from the latter: one renewal of a class and not one for each of its
images; any number of workers; a class that has no old features yet takes no part.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from frlib.compat._method import Method, Need
from frlib.core.config import setting
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform

if TYPE_CHECKING:
    from frlib.compat._term import Side, Term

PAPER = Paper(
    key="zhang2022unibct",
    title="UniBCT",
    where="MixBCT repository (yuleung), BCT_Methods/UniBCT",
    url="https://arxiv.org/abs/2203.01583",
)
_SOURCE = "MixBCT repository, UniBCT"


class Config(Method):
    """When the term begins, when prototypes are renewed, and how."""

    name: Literal["unibct"] = "unibct"
    weight: float = setting(1.0, ge=0, doc="weight λ of the term", source=f"{_SOURCE}: a plain sum")
    compat_scale: float = setting(
        1.0,
        gt=0,
        doc="scale s of the products with the prototypes",
        source=f"{_SOURCE}: none, so 1",
    )
    start_epoch: int = setting(
        10, ge=0, doc="first epoch of the term, from 0", unit="epoch", source=_SOURCE
    )
    refresh: tuple[Annotated[int, Field(ge=0)], ...] = setting(
        (10, 20), doc="epochs before which prototypes are renewed", unit="epoch", source=_SOURCE
    )
    lamb: float = setting(0.9, ge=0, lt=1, doc="how much neighbours count", source=_SOURCE)
    temper: float = setting(0.05, gt=0, doc="temperature of the softmax", source=_SOURCE)
    variant: Literal["rows", "source"] = setting(
        "rows",
        doc="rows: every image takes a mix of its neighbours, lengths 1; source: the plain raw "
        "mean, to which its refinement cancels",
        source=f"source as in the {_SOURCE}",
    )
    max_class_size: int = setting(
        1024,
        ge=1,
        doc="images of a class that its renewal looks at; of more, so many are drawn",
        unit="images",
        source="not in any source: there, all",
    )
    mean_weighting: Literal["raw", "unit"] = setting(
        "raw",
        doc="old features in the means that prototypes begin as: by their length, or all the same",
        source=f"raw as in the {_SOURCE}",
    )

    @property
    def needs(self) -> tuple[Need, ...]:
        """The means that prototypes begin as."""
        return ("means",)

    @property
    def begins(self) -> int:
        """`start_epoch`, unless it is weighed by 0."""
        return self.start_epoch if self.weight else 0

    @property
    def weighting(self) -> Literal["raw", "unit"]:
        """`mean_weighting`."""
        return self.mean_weighting

    @property
    def renewed_at(self) -> tuple[int, ...]:
        """`refresh`, in order; none at weight 0."""
        return tuple(sorted(set(self.refresh))) if self.weight else ()

    def numbers(self, classes: int, dim: int, rows: int) -> int:
        """Prototypes, and three tensors over all classes."""
        return classes * dim + 3 * rows * classes


SPACE: dict[str, Distribution] = {
    "weight": Uniform(low=0.1, high=10.0, log=True),
    "compat_scale": Uniform(low=1.0, high=64.0, log=True),
    "lamb": Uniform(low=0.0, high=0.95),
    "temper": Uniform(low=0.02, high=0.5, log=True),
}


def label(config: Config) -> str:
    """Name in tables: UniBCT, UniBCT (λ=2, source)."""
    return named(
        PAPER.title,
        config,
        weight="λ={:g}",
        compat_scale="s={:g}",
        start_epoch="from {}",
        refresh="renewed at {}",
        lamb="lamb={:g}",
        temper="temper={:g}",
        variant="{}",
        max_class_size="n≤{}",
        mean_weighting="{} means",
    )


def build(config: Config, side: "Side") -> "Term":
    """Its term; `DataError` if no class has a prototype to begin with."""
    from frlib.compat._unibct_term import Renewed

    return Renewed(config, side)
