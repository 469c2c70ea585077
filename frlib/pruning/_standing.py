"""Arms in the order of what they showed at one step; n arms cost log n comparisons each."""

from bisect import bisect_right, insort


class Standing:
    """Ranks as in `Design.rank`: more is better. Equal ones are in the order of their arms."""

    def __init__(self) -> None:
        self._sorted: list[tuple[float, str]] = []
        self._arms: set[str] = set()

    def __len__(self) -> int:
        return len(self._sorted)

    def __contains__(self, arm: object) -> bool:
        return arm in self._arms

    def add(self, arm: str, rank: float) -> None:
        """An arm has come this far."""
        insort(self._sorted, (rank, arm))
        self._arms.add(arm)

    def place(self, rank: float) -> int:
        """1 + the number of arms that are better."""
        return 1 + len(self) - bisect_right(self._sorted, rank, key=lambda one: one[0])

    def best(self, k: int) -> tuple[float, str]:
        """Rank and arm of the `k`-th best, from 1."""
        return self._sorted[-k]
