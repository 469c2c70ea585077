"""What a command is given to evaluate: a model, or a file of embeddings, by one text."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frlib.cli.options import run_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from frlib.core.config import Config
    from frlib.evaluate.crossed import Rule
    from frlib.evaluate.features import Features
    from frlib.evaluate.model import Model


@dataclass(frozen=True, eq=False)
class Given:
    """Either features or an open model.

    matrix: its projection to an old model's space, if any. trained_for: first digits of the
    checksum of that old model, where they are known.
    """

    features: "Features | None"
    model: "Model | None"
    matrix: "NDArray[np.float32] | None" = None
    trained_for: str = ""

    def on(self, config: "Config", store: Path, how: dict[str, Any]) -> "Features":
        """Features of the images of a protocol; embedded once, kept in the store."""
        from frlib.evaluate import asked_images

        if self.features is not None:
            return self.features
        assert self.model is not None
        return asked_images.embedded(config, self.model, store, how)


def of(model: str, embeddings: Path | None, sets: list[str], device: str) -> Given | None:
    """From two options of which one is given, or none. sets: fields of the model.

    A run in a store elsewhere is named by its URI.
    """
    from frlib.evaluate.features import from_vectors

    if embeddings is not None:
        return Given(from_vectors(embeddings), None)
    return _opened(model, sets, device) if model else None


def by_kind(text: str, device: str) -> Given:
    """From one text: a file of vectors by its suffix, anything else as a model."""
    from frlib.data.vectors import SUFFIXES
    from frlib.evaluate.features import from_vectors

    if Path(text).suffix in SUFFIXES and not text.lstrip().startswith("{"):
        return Given(from_vectors(run_folder(text)), None)
    return _opened(text, [], device)


def _opened(model: str, sets: list[str], device: str) -> Given:
    from frlib.core.config import override
    from frlib.evaluate.model import named, open_model
    from frlib.evaluate.models import run

    is_json = model.lstrip().startswith("{")
    config = override(named(model if is_json else str(run_folder(model))), sets)
    opened = open_model(config, device)
    if not isinstance(config, run.Config):
        return Given(None, opened)
    return Given(None, opened, run.projection(config), run.trained_for(config))


def in_one_space(
    enrolled: tuple[Given, "Features"], query: tuple[Given, "Features"], rule: "Rule"
) -> tuple["Features", "Features"]:
    """Both sides by the rule, or by the projection of whichever of them is the new model.

    Of a chain of models both may have one; then the one that leads to the other side is taken.
    """
    from frlib.evaluate import crossed

    (left, old), (right, new) = enrolled, query
    if left.matrix is not None and not _leads(right, new, old):
        return crossed.in_one_space(new, old, rule, left.matrix)[::-1]
    return crossed.in_one_space(old, new, rule, right.matrix)


def _leads(given: Given, own: "Features", other: "Features") -> bool:
    """Whether the projection is between spaces of these sizes."""
    return given.matrix is not None and given.matrix.shape == (other.dimensions, own.dimensions)
