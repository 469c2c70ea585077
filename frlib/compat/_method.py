"""What every method's config is."""

from typing import ClassVar, Literal

from frlib.core.config import Config

Need = Literal["credible", "means", "classifier", "radius"]
"""Of the old side, beside the old features of the new images, which every method is given."""


class Method(Config):
    """Base of the methods' configs.

    replaces: rows of the new model's embeddings are replaced by old ones before the head, so both
    have to be of one size there.
    """

    replaces: ClassVar[bool] = False
    name: str

    @property
    def needs(self) -> tuple[Need, ...]:
        """What has to be made of the old features before training begins."""
        return ()

    @property
    def keep_share(self) -> float:
        """T of the credible mask, for methods that need one."""
        return 1.0

    @property
    def column_scale(self) -> bool:
        """Whether the credible mask scales columns first, as the source does."""
        return True

    @property
    def weighting(self) -> Literal["raw", "unit"]:
        """How old features weigh in class means: by their length, or all the same."""
        return "raw"

    @property
    def sees_centres(self) -> bool:
        """Whether old features are classified by the new model's centres."""
        return False

    def numbers(self, classes: int, dim: int, rows: int) -> int:
        """That its term holds on a worker at the highest moment of a pass, beside the model.

        rows: of this worker in a pass.
        """
        return 0

    @property
    def begins(self) -> int:
        """The first epoch, from 0, in which its term acts."""
        return 0

    @property
    def renewed_at(self) -> tuple[int, ...]:
        """Epochs, from 0, before which the method looks at new features of all images."""
        return ()
