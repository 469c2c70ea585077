"""Golden evaluation vectors: verification protocols, checked entry by entry.

Works on any folder laid out like the golden one: file names, seeds and shapes are read from it.
Groups with an adapter of their own are left to it; anything unknown is a failing case.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.core.errors import FrlibError
from frlib.metrics import embeddings, verification
from frlib.metrics.folds import contiguous
from frlib.metrics.tface_rfw import tface_rfw
from frlib.metrics.val import val_at_far
from tests.golden.case import Case

# folders with an adapter of their own
ELSEWHERE = frozenset({"recordio", "bins", "expface_folder", "pairlists", "ijb", "megaface"})
FACTS = frozenset({"name", "pairs", "dim", "views", "positives"})
RATIO = 1e-12
THRESHOLD = 1e-9
COARSE_THRESHOLD = 1e-6
RATE = 1e-9


@dataclass
class Recorded:
    """One recorded case: arrays and what the original programs said about them."""

    path: Path

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        with np.load(self.path.with_suffix(".npz")) as file:
            return {name: file[name] for name in file.files}

    @property
    def emb(self) -> np.ndarray:
        return self.arrays["emb"]

    @property
    def flip(self) -> np.ndarray | None:
        return self.arrays.get("emb_flip")

    @property
    def same(self) -> np.ndarray:
        return self.arrays["issame"]

    def pair_rows(self) -> tuple[np.ndarray, np.ndarray]:
        rows = np.arange(2 * len(self.same))
        return rows[0::2], rows[1::2]

    def unit_sides(self) -> tuple[np.ndarray, np.ndarray]:
        unit = embeddings.sum_normalise(self.emb, self.flip)
        return unit[0::2], unit[1::2]

    @cached_property
    def distance(self) -> np.ndarray:
        return embeddings.squared_distance(*self.unit_sides())


def cases(root: Path) -> Iterator[Case]:
    """A case for every recorded entry under `root`/eval."""
    for entry in sorted((root / "eval").iterdir()):
        relative = entry.relative_to(root).as_posix()
        if entry.name == "verification" and entry.is_dir():
            yield from _verification(root, entry)
        elif entry.name in ELSEWHERE and entry.is_dir():
            continue
        elif entry.name != "README.md":
            yield _failing(relative, "no code here knows this file or folder")


def _verification(root: Path, folder: Path) -> Iterator[Case]:
    paths = sorted(folder.iterdir())
    complete = {p.stem for p in paths if p.suffix == ".json"} & {
        p.stem for p in paths if p.suffix == ".npz"
    }
    for path in paths:
        relative = path.relative_to(root).as_posix()
        if path.stem not in complete or path.suffix not in {".json", ".npz"}:
            yield _failing(relative, "expected pairs of <case>.json and <case>.npz")
        elif path.suffix == ".json":
            recorded = Recorded(path)
            for name, expected in json.loads(path.read_text()).items():
                if name not in FACTS:
                    yield Case(f"{relative}::{name}", _check(name, recorded, expected))
            yield Case(f"{relative}::roc", _bound(_roc, recorded, {}))


def _check(name: str, recorded: Recorded, expected: Any) -> Callable[[], None]:
    folds = re.fullmatch(r"insightface(?:_nfolds(\d+))?", name)
    if folds:
        return _bound(_insightface, recorded, {"nfolds": int(folds[1] or 10), **expected})
    known = {
        "expface_val": _expface_val,
        "tface_rfw": _tface_rfw,
        "boundaryface_concat": _boundaryface_concat,
        "boundaryface_single": _boundaryface_single,
        "facexzoo_single": _facexzoo,
    }
    if name not in known:
        return _failing(name, f"no code here knows this protocol; known: {sorted(known)}").run
    return _bound(known[name], recorded, expected)


def _bound(
    check: Callable[[Recorded, Any], None], recorded: Recorded, expected: Any
) -> Callable[[], None]:
    def run() -> None:
        if "error" not in expected:
            return check(recorded, expected)
        with pytest.raises(FrlibError):
            check(recorded, expected)

    return run


def _failing(name: str, why: str) -> Case:
    def run() -> None:
        pytest.fail(f"{name}: {why}")

    return Case(name, run)


def _all_known(expected: Mapping[str, Any], *names: str) -> None:
    unknown = sorted(set(expected) - set(names) - {"error"})
    assert not unknown, f"recorded values that nothing here checks: {unknown}"


def _near(found: Any, expected: Mapping[str, Any], name: str, tolerance: float) -> None:
    if name in expected:
        np.testing.assert_allclose(
            found, expected[name], rtol=0, atol=tolerance, equal_nan=False, err_msg=name
        )


def _accuracy(
    found: verification.Verification, expected: Mapping[str, Any], threshold: float
) -> None:
    _near(found.accuracy_per_fold, expected, "acc_per_fold", RATIO)
    _near(found.accuracy, expected, "acc_mean", RATIO)
    _near(found.std, expected, "acc_std", RATIO)
    _near(found.standard_error, expected, "stderr", RATIO)
    _near(found.threshold_per_fold, expected, "best_threshold_per_fold", threshold)
    _near(found.threshold_per_fold, expected, "threshold_per_fold", threshold)


def _insightface(recorded: Recorded, expected: Mapping[str, Any]) -> None:
    _all_known(
        expected,
        *("acc_per_fold", "acc_mean", "acc_std", "best_threshold_per_fold", "val", "nfolds"),
    )
    fold = contiguous(len(recorded.same), expected["nfolds"])
    found = verification.VARIANTS["insightface10"](
        recorded.emb, recorded.flip, *recorded.pair_rows(), recorded.same, fold
    )
    assert found.protocol.startswith(f"insightface{expected['nfolds']}")
    _accuracy(found, expected, THRESHOLD)
    for target, values in expected.get("val", {}).items():
        _val(recorded, fold, "classic", float(target), values)


def _expface_val(recorded: Recorded, expected: Mapping[str, Any]) -> None:
    fold = contiguous(len(recorded.same), 10)
    for target, values in expected.items():
        _val(recorded, fold, "expface", float(target), values)


def _val(
    recorded: Recorded, fold: np.ndarray, rule: Any, target: float, expected: Mapping[str, Any]
) -> None:
    if "error" in expected:
        with pytest.raises(FrlibError):
            val_at_far(recorded.distance, recorded.same, fold, target, rule)
        return
    _all_known(expected, "val", "val_std", "far", "threshold_per_fold")
    found = val_at_far(recorded.distance, recorded.same, fold, target, rule)
    _near(found.val, expected, "val", RATE)
    _near(found.std, expected, "val_std", RATE)
    _near(found.far, expected, "far", RATE)
    _near(found.threshold_per_fold, expected, "threshold_per_fold", THRESHOLD)


def _tface_rfw(recorded: Recorded, expected: Mapping[str, Any]) -> None:
    _all_known(expected, "acc_per_fold", "acc_mean", "acc_std", "val", "val_std", "far")
    fold = contiguous(len(recorded.same), 10)
    accuracy, rates = tface_rfw(*recorded.unit_sides(), recorded.same, fold)
    _accuracy(accuracy, expected, THRESHOLD)
    _near(rates.val, expected, "val", RATE)
    _near(rates.std, expected, "val_std", RATE)
    _near(rates.far, expected, "far", RATE)


def _boundaryface_concat(recorded: Recorded, expected: Mapping[str, Any]) -> None:
    _boundaryface(recorded, expected, recorded.arrays["emb_flip"])


def _boundaryface_single(recorded: Recorded, expected: Mapping[str, Any]) -> None:
    _boundaryface(recorded, expected, None)


def _boundaryface(recorded: Recorded, expected: Mapping[str, Any], flip: np.ndarray | None) -> None:
    _all_known(expected, "acc_per_fold", "acc_mean", "threshold_per_fold")
    found = verification.VARIANTS["boundaryface10"](
        recorded.emb, flip, *recorded.pair_rows(), recorded.same, recorded.arrays["fold"]
    )
    _accuracy(found, expected, COARSE_THRESHOLD)


def _facexzoo(recorded: Recorded, expected: Mapping[str, Any]) -> None:
    _all_known(expected, "acc_mean", "stderr", "threshold_per_fold")
    found = verification.VARIANTS["facexzoo10"](
        recorded.emb,
        recorded.flip,
        *recorded.pair_rows(),
        recorded.same,
        contiguous(len(recorded.same), 10),
    )
    _accuracy(found, expected, THRESHOLD)


def _roc(recorded: Recorded, expected: Mapping[str, Any]) -> None:
    fold = contiguous(len(recorded.same), 10)
    tpr, fpr = verification.mean_roc(recorded.distance, recorded.same, fold)
    np.testing.assert_allclose(tpr, recorded.arrays["tpr"], rtol=0, atol=RATE)
    np.testing.assert_allclose(fpr, recorded.arrays["fpr"], rtol=0, atol=RATE)
