"""The classes one worker holds: `first .. first + count - 1`, of classes spread over a group.

Labels are global class numbers everywhere.
"""

from dataclasses import dataclass

from frlib.parallel.collectives import SINGLE, Group


@dataclass(frozen=True)
class Shard:
    """A contiguous range of classes of this worker."""

    group: Group
    first: int
    count: int
    num_classes: int

    @classmethod
    def of(cls, num_classes: int, group: Group = SINGLE) -> "Shard":
        """This worker's even share; the first workers take the remainder."""
        return cls(group, *share(num_classes, group.rank, group.size), num_classes)


def share(num_classes: int, rank: int, size: int) -> tuple[int, int]:
    """First class and number of classes of worker `rank` of `size`."""
    each, rest = divmod(num_classes, size)
    return rank * each + min(rank, rest), each + (rank < rest)
