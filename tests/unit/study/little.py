"""The little study as a file."""

from frlib.study.schema import Study
from tests.unit.study.recorded import little


def study() -> Study:
    """Two margins, two seeds."""
    return little()
