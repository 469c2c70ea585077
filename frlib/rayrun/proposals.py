"""Which arm a cell tries next: its default first, then what was begun, then what is suggested.

Records are the truth: what is on record is not proposed again, and an arm that was running when the
driver died is, instead of drawing another.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from frlib.core import discover
from frlib.core.errors import ConfigError
from frlib.core.seeds import torch_seed
from frlib.core.space import Point, Scalar, keyed
from frlib.rayrun.memory import Memory, Outcome
from frlib.study.arms import Arm, Cell
from frlib.study.search import Search

log = logging.getLogger(__name__)
_ATTEMPTS = 20

Excess = Callable[[Arm], tuple[tuple[str, float], ...]]
"""Limit -> by how much an arm will break it, foreseen before it starts."""


def keeps(excess: Iterable[tuple[str, float]]) -> bool:
    """Whether all limits are kept."""
    return all(value <= 0 for _, value in excess)


class CellProposals:
    """Proposes up to `search.arms_per_cell` different arms of one cell.

    recorded: what is known of arms of this cell. memory: None where nothing is suggested. first:
    points to try before anything is suggested (a warm start, or a search that is replayed).
    foreseen: arms that will break a limit are handed to `refused` and not proposed.
    """

    def __init__(
        self,
        cell: Cell,
        search: Search,
        recorded: Sequence[Outcome],
        memory: Memory | None = None,
        *,
        first: Sequence[Point] = (),
        is_replay: bool = False,
        foreseen: Excess = lambda arm: (),
        refused: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        self.cell = cell
        self._limit = search.arms_per_cell if cell.space else 1
        self._memory = memory if self._limit > 1 else None
        self._foreseen, self._refused = foreseen, refused
        self._numbers: dict[str, int] = {}
        self._remembered: set[str] = set()
        over = [r for r in recorded if r.status != "unfinished"]
        self._begun = deque(r.arm for r in recorded if r.status == "unfinished")
        self._barred = {r.arm.digest for r in over if r.is_barred}
        self._proposed = {r.arm.digest for r in over} - self._barred
        self._limit += sum(r.is_child for r in recorded)
        self.told = len(over)
        if self._memory is not None:
            self._learn(self._memory, recorded)
        known = self._proposed | self._barred | {arm.digest for arm in self._begun}
        if cell.default.digest not in known:
            self._begun.appendleft(cell.default)
        self._first = deque(first)
        self._is_replay = is_replay
        self._points = self._listed(search)

    @property
    def remaining(self) -> int:
        """Arms still to be proposed, at most."""
        return max(0, self._limit - len(self._proposed))

    def propose(self) -> Arm | None:
        """The next arm to run, or None when the cell has had its share."""
        if not self.remaining:
            return None
        arm = self._next()
        if arm is None:
            self._limit = len(self._proposed)
            return None
        self._proposed.add(arm.digest)
        return arm

    def adopt(self, arm: Arm) -> None:
        """Propose this arm next; it is no part of the cell's share (a child of a population)."""
        if self._is_new(arm) and all(a.digest != arm.digest for a in self._begun):
            self._limit += 1
            self._begun.append(arm)

    def tell(self, outcome: Outcome) -> None:
        """How an arm ended. An `unfinished` one stays open: a later run proposes it again."""
        if outcome.status == "unfinished":
            return
        self.told += 1
        number = self._numbers.pop(outcome.arm.digest, None)
        if self._memory is None:
            return
        if number is not None:
            self._memory.tell(number, outcome)
        elif outcome.arm.digest not in self._remembered:
            self._memory.add(outcome)

    def _next(self) -> Arm | None:
        while self._begun:
            arm = self._begun.popleft()
            if self._is_new(arm) and self._is_possible(arm):
                return arm
        while self._first:
            point = self._first.popleft()
            found = self._at(point) if keyed(self.cell.space, point) else self._exactly(point)
            if found is not None:
                return found
        if self._is_replay or self._memory is None:
            return None
        return self._listed_next() if self._points is not None else self._suggested()

    def _listed(self, search: Search) -> "deque[dict[str, Scalar]] | None":
        module = discover.load("frlib.samplers", search.sampler.name)
        if not hasattr(module, "points") or self._memory is None:
            return None
        seed = torch_seed(search.seed, "search", self.cell.digest)
        return deque(module.points(search.sampler, self.cell.space, seed))

    def _listed_next(self) -> Arm | None:
        assert self._points is not None
        while self._points:
            arm = self._at(self._points.popleft())
            if arm is not None:
                return arm
        return None

    def _suggested(self) -> Arm | None:
        assert self._memory is not None
        for _ in range(_ATTEMPTS):
            number, point = self._memory.suggest()
            arm = self._taken(number, point)
            if arm is not None:
                return arm
        log.info("%s: the search space is used up", dict(self.cell.shown))
        return None

    def _at(self, point: Point) -> Arm | None:
        """The arm at a point, as a trial of the memory; None where it is no new and able one."""
        arm = self._exactly(point)
        if arm is None or self._memory is None:
            return arm
        number, _ = self._memory.suggest(point)
        self._name(number, arm)
        return arm

    def _exactly(self, point: Point) -> Arm | None:
        try:
            arm = self.cell.arm(point)
        except ConfigError as error:
            log.info("%s: %s is no arm: %s", dict(self.cell.shown), dict(point), error)
            return None
        return arm if self._is_new(arm) and self._is_possible(arm) else None

    def _taken(self, number: int, point: Point) -> Arm | None:
        """The arm of a suggestion; None, with the memory told, where it is none to run."""
        assert self._memory is not None
        try:
            arm = self.cell.arm(point)
        except ConfigError as error:
            log.info("%s: %s is no arm: %s", dict(self.cell.shown), dict(point), error)
            self._memory.drop(number)
            return None
        if not self._is_new(arm):
            self._memory.drop(number)
            return None
        self._name(number, arm)
        return arm if self._is_possible(arm) else None

    def _name(self, number: int, arm: Arm) -> None:
        assert self._memory is not None
        self._memory.name(number, arm.digest)
        self._numbers[arm.digest] = number

    def _is_new(self, arm: Arm) -> bool:
        return arm.digest not in self._proposed and arm.digest not in self._barred

    def _is_possible(self, arm: Arm) -> bool:
        """Whether an arm keeps all limits, as far as can be foreseen; one that does not is over."""
        excess = self._foreseen(arm)
        if keeps(excess):
            return True
        self._barred.add(arm.digest)
        outcome = Outcome(arm=arm, status="stopped", excess=excess)
        self._refused(outcome)
        self.tell(outcome)
        return False

    def _learn(self, memory: Memory, recorded: Sequence[Outcome]) -> None:
        """Bring the sampler's memory and the records together."""
        known = {r.arm.digest: r for r in recorded}
        seen = self._remembered
        for number, name, point, is_running in memory.trials():
            arm = known[name].arm if name in known else self._named(point)
            if arm is None:
                if is_running:
                    memory.drop(number)
                continue
            is_again = arm.digest in seen
            seen.add(arm.digest)
            if not is_running:
                continue
            if is_again:
                memory.drop(number)
                continue
            self._numbers[arm.digest] = number
            found = known.get(arm.digest)
            if found is None or found.status == "unfinished":
                others = [a for a in self._begun if a.digest != arm.digest]
                self._begun = deque([*others, arm])
            else:
                memory.tell(self._numbers.pop(arm.digest), found)
        for digest, found in known.items():
            if digest not in seen and found.status != "unfinished":
                memory.add(found)

    def _named(self, point: Point | None) -> Arm | None:
        if point is None:
            return None
        try:
            return self.cell.arm(point)
        except ConfigError:
            return None
