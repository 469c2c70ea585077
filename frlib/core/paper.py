"""The source of a method: what it is called, and where it was published."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Paper:
    """`title`: the name in tables; `where`: the place inside the document (equation, file)."""

    key: str
    title: str
    where: str
    url: str = ""
