"""The nearest valid name, for messages."""

import difflib
from collections.abc import Iterable


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or an empty string when nothing is near."""
    near = difflib.get_close_matches(found, list(known), n=1, cutoff=0.5)
    return f" (did you mean {near[0]!r}?)" if near else ""
