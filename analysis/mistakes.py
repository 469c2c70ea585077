"""What one run got wrong: pairs on the wrong side of the threshold, the worst ones first."""

import pandas as pd

from frlib.core.errors import RecordError
from frlib.records.read import Records

_COLUMNS = ["pair", "same", "score", "threshold", "excess"]


def worst(
    records: Records, arm: str, seed: int, benchmark: str, variant: str, most: int = 10
) -> pd.DataFrame:
    """`pair, same, score, threshold, excess` of at most `most` wrong pairs of one replicate.

    pair: its number in the benchmark. same: whether the two are one person. excess: how far the
    score lies beyond the threshold of its fold, in the variant's unit. `RecordError` if no score
    of such a replicate is on record.
    """
    rows = records.pair_scores(benchmark, variant)
    mine = rows[(rows["arm"] == arm) & (rows["seed"] == seed)]
    if mine.empty:
        raise RecordError(
            f"study {records.study['name']}: no score of a pair is on record for arm {arm}, seed "
            f"{seed}, {benchmark}/{variant}; expected a complete replicate and a reported benchmark"
        )
    wrong = mine[~mine["correct"]]
    wrong = wrong.assign(excess=(wrong["score"] - wrong["threshold"]).abs())
    ordered = wrong.sort_values(["excess", "pair"], ascending=[False, True], kind="stable")
    return ordered[_COLUMNS].head(most).reset_index(drop=True)
