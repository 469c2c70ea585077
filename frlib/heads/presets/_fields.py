"""Fields that several presets have alike."""

from typing import Any

from frlib.core.config import setting


def interclass_filter() -> Any:
    """The noise baseline of insightface; off by default."""
    return setting(
        1.0,
        ge=0,
        le=1,
        doc="negatives above this cosine count as cosine 0, without gradient; 0.4 is the noise "
        "baseline, 1 is off (in the source 0 is off)",
        unit="cosine",
        source="insightface, recognition/arcface_torch/losses.py: interclass_filtering_threshold",
    )
