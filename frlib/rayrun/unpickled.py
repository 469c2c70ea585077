"""Driver objects that Tune would pickle into its experiment folder, and that nobody reads back.

A restart is built from the records, so a snapshot needs nothing of them: they pickle as empty.
"""

from typing import Any


class DriverOnly:
    """Mixin: pickles to an empty shell."""

    def __getstate__(self) -> dict[str, Any]:
        return {}
