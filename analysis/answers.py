"""The published number that answers a row: same method, same noise, on the document's benchmark."""

import re
from dataclasses import dataclass

import pandas as pd

from analysis.table import Cell, missing

_LABEL = re.compile(r"(?P<method>.*?)\s*(?:\(\s*λ\s*=\s*(?P<lam>[^)]*)\))?$")
NOT_ASKED = "the study names no published table"


@dataclass(frozen=True)
class Place:
    """Where to look in a published document."""

    closed: float
    open: float
    benchmark: str
    metric: str = "accuracy"

    @property
    def words(self) -> str:
        """The noise in words."""
        mixed = f" flips and {100 * self.open:g} % outliers" if self.open else " flips"
        return f"{100 * self.closed:g} %{mixed}"


def value(published: pd.DataFrame | None, label: str, place: Place) -> Cell:
    """The printed number of a method (`label`: `BoundaryFace (λ=π)`), or why there is none."""
    if published is None or published.empty:
        return missing(NOT_ASKED)
    rows = published[
        (published["benchmark"] == place.benchmark)
        & (published["metric"] == place.metric)
        & _near(published["closed_ratio"], place.closed)
        & _near(published["open_ratio"], place.open)
    ]
    source = published["source"].iloc[0]
    if rows.empty:
        return missing(f"not published at {place.words} ({source})")
    method, lam = _parts(label)
    mine = rows[[same_method(name, method) for name in rows["method"]]]
    if lam:
        mine = mine[[_parts_lam(text) == lam for text in mine["lam"]]]
    if mine.empty:
        return missing(f"{label} is not published at {place.words} ({source})")
    first = mine.iloc[0]
    return Cell(
        float(first["ratio"]),
        origin="published",
        digits=int(first["digits"]),
        note=_note(mine, place),
    )


def recovery(method: Cell, reference: Cell, clean: Cell, name: str) -> Cell:
    """Recovery from published single numbers; no interval, since no spread was published."""
    if method.value is None:
        return missing(method.note)
    if reference.value is None or clean.value is None:
        return missing(f"{name} is not published with and without this noise")
    cost = clean.value - reference.value
    if cost <= 0:
        return missing(f"as published the noise costs {name} nothing ({100 * cost:.2f} points)")
    return Cell(
        (method.value - reference.value) / cost,
        origin="published",
        digits=2,
        note=f"from single published values; there the noise costs {name} {100 * cost:.2f} points",
    )


def same_method(one: str, other: str) -> bool:
    """Whether two spellings name one method: `MV-Arc-Softmax`, `mv_arc_softmax`."""
    return _plain(one) == _plain(other)


def _note(rows: pd.DataFrame, place: Place) -> str:
    first = rows.iloc[0]
    lam = f", λ={first['lam'].replace('pi', 'π')}" if first["lam"] else ""
    margin = "" if pd.isna(first["margin"]) else f", m={first['margin']:g}"
    others = "".join(
        f"; also {row['printed']} with m={row['margin']:g}" for _, row in rows.iloc[1:].iterrows()
    )
    return f"{place.benchmark} {place.metric}{margin}{lam}: {first['origin']}{others}"


def _near(column: pd.Series, wanted: float) -> pd.Series:
    return (column - wanted).abs() < 1e-9


def _parts(label: str) -> tuple[str, str]:
    match = _LABEL.match(label)
    assert match is not None, "the pattern matches every text"
    return match["method"], _parts_lam(match["lam"] or "")


def _parts_lam(text: str) -> str:
    return str(text).strip().replace("pi", "π")


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold())
