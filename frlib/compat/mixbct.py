"""A share of the new embeddings is replaced by old features of the same images, before the head.

    R   = K rows of the batch, drawn among the credible ones       K = ⌊α · batch⌋
    e_i = o_i for i in R, x_i otherwise                            loss = head(e, y)

Whole rows, no interpolation; label and image stay. Old rows have length 1 and no gradient, so they
move the class centres alone, and new embeddings follow these: a wide old class pulls weakly, a
narrow one strongly. There is no weight. Credible are the share T of each class nearest to its mean
(`frlib.denoise.credible_centroid`), of those with a direction.

The draw is over a whole pass of all workers, by (seed, pass), so that any number of workers draws
the same rows. Where fewer than K are credible, all of them are replaced, which is counted.
α · batch is rounded to nine digits first.

Replaced images go through the backbone and count in its batch statistics, without a gradient.
Heads that look at an embedding's length see 1 for old rows, and those that judge samples judge the
old row.

Source: Liang et al., MixBCT, arXiv 2308.06948; its repository. Deviations: there every worker draws
⌊α · its share⌋ of its own rows, the same number where that has no remainder, from an unseeded
generator, and too few credible rows are an error.
"""

from typing import TYPE_CHECKING, ClassVar, Literal

from frlib.compat._method import Method, Need
from frlib.core.config import setting
from frlib.core.label import named
from frlib.core.paper import Paper
from frlib.core.space import Distribution, Uniform

if TYPE_CHECKING:
    from frlib.compat._term import Side, Term

PAPER = Paper(
    key="liang2023mixbct",
    title="MixBCT",
    where="MixBCT repository (yuleung), BCT_Methods/MixBCT",
    url="https://arxiv.org/abs/2308.06948",
)


class Config(Method):
    """Share of replaced rows, and which old features are credible."""

    replaces: ClassVar[bool] = True
    name: Literal["mixbct"] = "mixbct"
    alpha: float = setting(
        0.3, ge=0, le=1, doc="share α of a batch that is replaced", source="MixBCT repository"
    )
    credible_share: float = setting(
        0.9,
        gt=0,
        le=1,
        doc="share T of every class that is credible",
        source="MixBCT repository, T",
    )
    scaled_columns: bool = setting(
        True,
        doc="scale every dimension to length 1 over the whole set before credibility is judged",
        source="MixBCT repository, denoise_credible.py",
    )

    @property
    def needs(self) -> tuple[Need, ...]:
        """The mask, unless everything is credible."""
        return ("credible",) if self.credible_share < 1 else ()

    @property
    def keep_share(self) -> float:
        """`credible_share`."""
        return self.credible_share

    @property
    def column_scale(self) -> bool:
        """`scaled_columns`."""
        return self.scaled_columns


SPACE: dict[str, Distribution] = {
    "alpha": Uniform(low=0.05, high=0.6),
    "credible_share": Uniform(low=0.5, high=1.0),
}


def label(config: Config) -> str:
    """Name in tables: MixBCT, MixBCT (alpha=0.5)."""
    return named(
        PAPER.title,
        config,
        alpha="alpha={:g}",
        credible_share="T={:g}",
        scaled_columns="columns unscaled",
    )


def build(config: Config, side: "Side") -> "Term":
    """Its term."""
    from frlib.compat._mixbct_term import Mixed

    return Mixed(config.alpha)
