"""Differences in the published table that a study is set beside, and which of them it could see.

A condition is a benchmark of one published table under one noise; its methods are compared there.
Published values are single models, as printed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

METHODS = ("method", "scheduler")
"""Columns that say what is compared, the first that there is."""
_CONDITION = (
    *("source", "table", "train_set", "backbone", "closed_ratio", "open_ratio"),
    *("benchmark", "metric"),
)


@dataclass(frozen=True)
class Claim:
    """A condition in words, its best and second best method, and their gap as a share.

    spread: between the best and the worst method.
    """

    condition: str
    best: str
    second: str
    gap: float
    spread: float


def claims(published: pd.DataFrame, metric: str) -> tuple[Claim, ...]:
    """One for each condition in which two methods or more have `metric` (more is better)."""
    return tuple(_claims(published, metric))


def unseen(found: tuple[Claim, ...], difference: float) -> tuple[Claim, ...]:
    """Claims whose gap a design that sees `difference` cannot show, smallest gap first."""
    return tuple(sorted((c for c in found if c.gap < difference), key=lambda claim: claim.gap))


def _claims(published: pd.DataFrame, metric: str) -> Iterator[Claim]:
    compared = next((name for name in METHODS if name in published), "")
    rows = published[published["metric"] == metric]
    if not compared or not len(rows):
        return
    names = [name for name in _CONDITION if name in published]
    for _, some in rows.groupby(names, dropna=False, sort=False):
        best_of = some.groupby(compared, sort=False)["ratio"].max().sort_values(ascending=False)
        if len(best_of) > 1:
            yield Claim(
                condition=_words(some.iloc[0]),
                best=str(best_of.index[0]),
                second=str(best_of.index[1]),
                gap=_between(best_of.iloc[0], best_of.iloc[1]),
                spread=_between(best_of.iloc[0], best_of.iloc[-1]),
            )


def _between(one: float, other: float) -> float:
    """Their difference without the dust of binary fractions: values are printed decimals."""
    return round(float(one - other), 9)


def _words(row: "pd.Series[str]") -> str:
    told = [str(row["benchmark"])]
    for name, what in (("closed_ratio", "flips"), ("open_ratio", "outliers")):
        if pd.notna(row.get(name)):
            told.append(f"{100 * float(row[name]):g} % {what}")
    if not len(told) > 1 and row.get("table"):
        told.append(f"table {row['table']}")
    return ", ".join(told)
