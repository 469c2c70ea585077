"""Fields of the methods that hold new embeddings near the old features of the same images."""

from frlib.compat._method import Method
from frlib.core.config import setting


class Distance(Method):
    """Weight, and whether the distance is squared."""

    weight: float = setting(
        10.0, ge=0, doc="weight λ of the term", source="MixBCT repository, L2: loss_weight"
    )
    squared: bool = setting(
        False,
        doc="square the distance beyond the radius",
        source="not in the MixBCT repository, whose README speaks of L2 regression",
    )
