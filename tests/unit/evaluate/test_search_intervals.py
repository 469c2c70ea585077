"""Intervals of searches: of the rate that the row gives, and over people."""

from pathlib import Path

import numpy as np
import pytest

from frlib.data.texts import texts
from frlib.evaluate.features import Features
from frlib.evaluate.protocols import _rates, ijb, megaface
from frlib.evaluate.report import Row
from frlib.metrics.gallery import Gallery, search


def _holds(row: Row) -> float:
    """Half the width of an interval that holds the row's value."""
    assert row.value is not None
    assert row.low is not None
    assert row.high is not None
    assert 0 <= row.low <= row.value <= row.high <= 1
    return (row.high - row.low) / 2


def _megaface(root: Path, people: int, each: int) -> list[Row]:
    """Rows of people that are told apart to some degree, two probes of each `each` times."""
    rng = np.random.default_rng(1)
    names = [f"p{k}/{i}.jpg" for k in range(people) for i in range(each)]
    others = [f"x/y/{k}.jpg" for k in range(400)]
    (root / "p").write_text("\n".join(names))
    (root / "d").write_text("\n".join(others))
    centre = rng.normal(size=(people, 12)).repeat(each, axis=0)
    probe = centre + 0.8 * rng.normal(size=centre.shape)
    vectors = np.concatenate([probe, rng.normal(size=(400, 12))]).astype(np.float32)
    config = megaface.Config(
        path=str(root / "p"), distractors=str(root / "d"), expected=False, fars=(1e-3, 1e-8)
    )
    report = megaface.evaluate(config, Features(texts([*names, *others]), vectors))
    return [row for row in report.rows if row.variant == "megaface-raw-F0"]


def test_megaface_when_tar_then_interval_over_people(tmp_path: Path) -> None:
    rows = {row.metric: row for row in _megaface(tmp_path, 20, 6)}
    row = rows["tar@far=0.001"]
    assert row.interval == _rates.CLUSTERED
    assert row.n_positive == 20 * 15
    half = _holds(row)
    assert row.value is not None
    assert half > 1.2 * 1.96 * (row.value * (1 - row.value) / 300) ** 0.5
    assert (rows["tar@far=1e-08"].value, rows["tar@far=1e-08"].interval) == (None, "")


def test_megaface_when_everybody_has_one_pair_then_exact(tmp_path: Path) -> None:
    (row,) = [r for r in _megaface(tmp_path, 40, 2) if r.metric == "tar@far=0.001"]
    assert row.interval == _rates.BINOMIAL
    _holds(row)


def _searched(repeats: int) -> tuple[list[Row], list[Gallery], np.ndarray, np.ndarray]:
    """Rows of split galleries of unequal size, every probe `repeats` times."""
    rng = np.random.default_rng(2)
    face = rng.normal(size=(60, 8))

    def shown(subjects: np.ndarray) -> np.ndarray:
        found = face[subjects] + 0.7 * rng.normal(size=(len(subjects), 8))
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    halves = np.arange(15), np.arange(15, 60)
    galleries = [Gallery(features=shown(half), subjects=half) for half in halves]
    subjects = np.arange(60).repeat(3)
    probes = np.tile(shown(subjects), (repeats, 1))
    subjects = np.tile(subjects, repeats)
    listed = ijb.ijb.Subjects(templates=np.arange(len(subjects)), subjects=subjects)
    return ijb._split("s", "N1D1F1", galleries, probes, listed), galleries, probes, subjects


def test_split_when_galleries_differ_in_size_then_interval_of_the_mean() -> None:
    rows, galleries, probes, subjects = _searched(1)
    by_metric = {row.metric: row for row in rows}
    assert set(by_metric) == {
        *(f"rank{rank},split" for rank in (1, 5, 10)),
        *(f"tpir@fpir={fpir},split" for fpir in ("0.01", "0.1")),
    }
    row = by_metric["tpir@fpir=0.1,split"]
    assert row.interval == _rates.OF_GALLERIES
    shares = []
    for gallery in galleries:
        found = search(gallery, probes, subjects)
        others = np.sort(found.best_Q[~found.has_mate])[::-1]
        threshold = others[max(int(len(others) * 0.1) - 1, 0)]
        event = (found.mate_Q > found.best_Q) & (found.mate_Q > threshold)
        shares.append(event[found.has_mate].mean())
    assert row.value == pytest.approx(np.mean(shares))
    _holds(row)
    rank = by_metric["rank1,split"]
    assert rank.interval == _rates.CLUSTERED
    _holds(rank)


def test_split_when_every_probe_is_there_four_times_then_no_narrower() -> None:
    once, often = _searched(1)[0], _searched(4)[0]
    for one, more in zip(once, often, strict=True):
        assert _holds(more) > 0.8 * _holds(one)
