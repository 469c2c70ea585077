"""Racing over replicates: an arm ends when the incumbent beats it on the seeds both have run.

After r finished replicates, least <= r < R, with d_i = value_i - incumbent_i on seed i,

    stop if  mean(d) < 0  and  P(W+ <= w+) <= alpha

for values of which more is better. w+ is the sum of the ranks of |d_i| with d_i > 0, and P runs
over all 2^r signs (Wilcoxon's signed-rank test, one-sided, exact, zeros left out, ties sharing
their ranks). The incumbent is the other arm of the cell with the best mean over these r seeds.
Replicates of a study share their seeds, so differences do not hold what the seed does to both.

With alpha = 0.25, an arm that loses 2 of 2 seeds ends, and so does one that wins of 3 the closest
alone, or of 4 those of ranks 1 or 2 alone. An arm as good as the incumbent then ends with
probability 1/4 where R = 3, 1/3 where R = 4 and 0.354 where R = 5: counted over all signs and
orders of sizes. Against an incumbent that is the best of many, in part by luck, it is more. With
alpha = 0.125 and R > 3 an arm must lose 3 of 3.

With first_epoch above 0, arms are halved inside the first replicate first, as the rule `halving`
does there.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from frlib.core.config import setting
from frlib.core.paper import Paper
from frlib.pruning._halving import Rungs, rungs_inside
from frlib.pruning._rule import Design, Past, Pruning, Seen, Stop
from frlib.pruning._signed_rank import p_worse

PAPER = Paper(
    key="wilcoxon1945individual",
    title="Racing",
    where="the test of paired values; raced as in F-Race (Birattari et al., GECCO 2002), against "
    "the incumbent alone, as optuna.pruners.WilcoxonPruner does",
    url="https://doi.org/10.2307/3001968",
)


class Config(Pruning):
    """How sure one must be, and after how many replicates; rungs before them, if wanted."""

    name: Literal["racing"] = "racing"
    alpha: float = setting(0.25, gt=0, lt=1, doc="an arm ends where p is not above this")
    least: int = setting(2, ge=1, doc="finished replicates before an arm may end")
    first_epoch: int = setting(
        0, ge=0, doc="first rung inside the first replicate; 0: no rungs", unit="epochs"
    )
    keep_one_in: int = setting(2, ge=2, doc="reduction factor at each rung")


def measured_at(config: Config, epochs: int) -> tuple[int, ...]:
    """The rungs inside the first replicate, if there are any."""
    if not config.first_epoch:
        return ()
    return rungs_inside(config.first_epoch, config.keep_one_in, epochs)


def build(config: Config, design: Design) -> "_Racing":
    """The rule for a study."""
    return _Racing(config, design)


class _Racing:
    def __init__(self, config: Config, design: Design) -> None:
        self._config = config
        self._design = design
        self._steps = measured_at(config, design.epochs)
        self._rungs = Rungs(design, config.keep_one_in, config.name)
        self._finals: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._best: dict[tuple[str, int], tuple[float, str]] = {}
        self._count: dict[tuple[str, int], int] = defaultdict(int)

    def enter(self, past: Past) -> None:
        self._rungs.enter(past.cell, past, self._steps)
        self._finish(past)

    def judge(self, seen: Seen) -> Stop | None:
        stop = self._rungs.judge(seen.cell, seen, self._steps, "racing")
        turn = len(seen.finals)
        if stop or turn <= len(self._finals[seen.cell, seen.arm]):
            return stop
        best = self._best.get((seen.cell, turn))
        self._finish(seen)
        is_asked = self._config.least <= turn < self._design.replicates
        return self._race(seen, best[1]) if best and is_asked and not seen.protected else None

    def _finish(self, one: Past | Seen) -> None:
        """Take in the replicates that are new."""
        known = self._finals[one.cell, one.arm]
        for final in one.finals[len(known) :]:
            known.append(self._design.rank(final))
            turn = len(known)
            mine = (_mean(known), one.arm)
            self._best[one.cell, turn] = max(mine, self._best.get((one.cell, turn), mine))
            self._count[one.cell, turn] += 1

    def _race(self, seen: Seen, incumbent: str) -> Stop | None:
        mine = self._finals[seen.cell, seen.arm]
        turn = len(mine)
        theirs = self._finals[seen.cell, incumbent][:turn]
        if _mean(mine) >= _mean(theirs):
            return None
        differences = [a - b for a, b in zip(mine, theirs, strict=True)]
        p = p_worse(differences)
        if p > self._config.alpha:
            return None
        cutoff = self._design.value(_mean(theirs))
        lost = sum(d < 0 for d in differences)
        return Stop(
            rule="racing",
            rung=seen.step,
            value=seen.value,
            cutoff=cutoff,
            n=self._count[seen.cell, turn],
            message=f"racing: {incumbent} was better in {lost} of {turn} replicates "
            f"({seen.value:.4f}, needed {cutoff:.4f}; p = {p:.3g}, alpha = {self._config.alpha:g})",
        )


def _mean(ranks: Sequence[float]) -> float:
    return sum(ranks) / len(ranks)
