"""Golden IJB numbers, `eval/ijb/<case>`, as rows of the protocol: from the files to the report."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.data.benchmarks import ijb as files
from frlib.evaluate.features import Features
from frlib.evaluate.protocols import ijb
from frlib.evaluate.report import Report, Row
from frlib.metrics.templates import HEADLINE
from tests.golden.case import Case

RATE = 1e-9
RULES = {"default": ",nearest", "strict_le_target_own": ""}
SPLIT_FPIR = {"0.01": 50, "0.1": 75}
"""Target, and its place among the recorded ones."""


def cases(root: Path) -> Iterator[Case]:
    """One case for 1:1 and one for each kind of 1:N of every recorded set."""
    for folder in sorted((root / "eval" / "ijb").glob("*")):
        if not (folder / "expected.json").is_file():
            continue
        where = f"{folder.relative_to(root).as_posix()}::rows"
        for name, check in {"1:1": _one_to_one, "joined": _joined, "split": _split}.items():
            yield Case(f"{where}::{name}", partial(_run, folder, check))


def _run(folder: Path, check: Any) -> None:
    (path,) = folder.glob("IJB*")
    name = files.which(path)
    with np.load(folder / "embeddings.npz") as stored:
        features = Features(files.images(path, name).images, stored["emb"], stored["emb_flip"])
    report = ijb.evaluate(ijb.Config(path=str(path), expected=False), features, ijb.VARIANTS)
    check(report, name, json.loads((folder / "expected.json").read_text()))


def _row(report: Report, protocol: str, variant: str, metric: str) -> Row:
    key = (protocol, variant, metric)
    (row,) = [r for r in report.rows if (r.protocol, r.variant, r.metric) == key]
    return row


def _is_row(row: Row, value: float) -> None:
    """The recorded number, inside an interval that is named."""
    assert row.value == pytest.approx(value, abs=RATE)
    assert row.interval
    assert row.low is not None
    assert row.high is not None
    assert row.low <= value <= row.high


def _one_to_one(report: Report, name: str, expected: Mapping[str, Any]) -> None:
    for variant, curves in expected["one_to_one"].items():
        for rule, suffix in RULES.items():
            for point in curves[rule]:
                row = _row(report, f"{name}-1:1", variant, f"tar@far={point['far']:g}{suffix}")
                if suffix or point["far"] * expected["impostor"] >= 1:
                    _is_row(row, point["tar"])
                else:
                    assert row.value is None


def _joined(report: Report, name: str, expected: Mapping[str, Any]) -> None:
    wanted = expected["one_to_n_joined_gallery"]
    for rank in (1, 5, 10):
        row = _row(report, f"{name}-1:N", HEADLINE, f"rank{rank},joined")
        _is_row(row, wanted[f"top{rank}"])
    for target, key in (("0.01", "far_0.0100000000"), ("0.1", "far_0.1000000000")):
        row = _row(report, f"{name}-1:N", HEADLINE, f"tpir@fpir={target},joined")
        _is_row(row, wanted[key]["recall"])


def _split(report: Report, name: str, expected: Mapping[str, Any]) -> None:
    wanted = expected["one_to_n_split_galleries"]
    for place, rank in enumerate((1, 5, 10)):
        row = _row(report, f"{name}-1:N", HEADLINE, f"rank{rank},split")
        _is_row(row, wanted["mean_top"][place])
    for target, place in SPLIT_FPIR.items():
        assert wanted["fars"][place] == pytest.approx(float(target))
        row = _row(report, f"{name}-1:N", HEADLINE, f"tpir@fpir={target},split")
        _is_row(row, wanted["mean_tpir"][place])
        assert row.n_positive == wanted["G1"]["n_mated"] + wanted["G2"]["n_mated"]
