"""Published values, each with the document and table it was read from, as a tidy frame.

A CSV of them has at least the columns `source, train_set, benchmark, metric, value`; a row is one
printed number. Values are percentages as printed.
"""

import csv
from pathlib import Path
from typing import Any

import pandas as pd

from frlib.core.errors import RecordError

_NEEDED = ("source", "train_set", "benchmark", "metric", "value")
_NUMBERS = ("closed_ratio", "open_ratio", "margin")


def load(path: Path) -> pd.DataFrame:
    """The CSV's columns (numbers parsed, NaN where empty), and

    ratio: the value as a share (printed 99.28 -> 0.9928). digits: decimals as printed.
    origin: document, table and training set in words.
    """
    if not path.is_file():
        raise RecordError(f"{path}: no such file of published values")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, restval="")
        missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
        if missing:
            raise RecordError(f"{path}: lacks the columns {', '.join(missing)}")
        rows = [_row(path, reader.line_num, row) for row in reader]
    return pd.DataFrame(rows)


def _row(path: Path, line: int, raw: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = dict(raw)
    row["printed"] = raw["value"]
    row["value"] = _number(path, line, raw["value"])
    for name in _NUMBERS:
        if name in raw:
            row[name] = _number(path, line, raw[name]) if raw[name] else float("nan")
    row["ratio"] = row["value"] / 100
    row["digits"] = len(raw["value"].partition(".")[2])
    table = f", table {raw['table']}" if raw.get("table") else ""
    row["origin"] = f"{raw['source']}{table}, trained on {raw['train_set']}"
    return row


def _number(path: Path, line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RecordError(f"{path}, line {line}: {text!r} is not a number") from None
