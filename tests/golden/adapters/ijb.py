"""Golden IJB protocols, `eval/ijb/<case>`, against `frlib.metrics`, entry by entry."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.bench import plain_templates
from frlib.metrics import roc
from frlib.metrics.gallery import Gallery
from frlib.metrics.listed import pair_scores
from frlib.metrics.one_to_many import (
    SPLIT_TARGETS,
    ijb1n_joined,
    ijb1n_joined_ranks,
    ijb1n_split,
)
from frlib.metrics.one_to_one import Rule, tars
from frlib.metrics.templates import HEADLINE, SETTINGS, Templates, pool
from tests.golden.case import Case

FACTS = ("images", "templates", "pairs", "genuine", "impostor", "dim", "subjects")
SCORE = 1e-6
RATE = 1e-9
RULES: dict[str, Rule] = {
    "default": "nearest",
    "no_drop": "nearest_unthinned",
    "strict_le_target_own": "far_at_most",
}
POINTS = {"default_points": True, "no_drop_points": False}
FLOAT32_TIES = 2e-3


@dataclass
class Recorded:
    """One case: the lists of the real file formats, and the embeddings of two models."""

    folder: Path

    def _columns(self, what: str) -> list[list[str]]:
        (path,) = self.folder.glob(f"*/meta/*_{what}")
        return [line.split() for line in path.read_text().splitlines()]

    def _entries(self, path: Path) -> tuple[np.ndarray, np.ndarray]:
        """Templates and subjects of a gallery or of the probes, each template once."""
        with path.open(newline="") as file:
            rows = list(csv.reader(file))[1:]
        ids, first = np.unique([int(row[0]) for row in rows], return_index=True)
        return ids, np.array([int(rows[at][1]) for at in first])

    @cached_property
    def images(self) -> dict[str, np.ndarray]:
        rows = self._columns("face_tid_mid.txt")
        score = self._columns("name_5pts_score.txt")
        assert [row[0] for row in rows] == [row[0] for row in score]
        return {
            "template_N": np.array([int(row[1]) for row in rows]),
            "media_N": np.array([int(row[2]) for row in rows]),
            "score_N": np.array([float(row[-1]) for row in score]),
        }

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        left, right, same = np.array(self._columns("template_pair_label.txt"), dtype=np.int64).T
        return left, right, same

    def templates(self, model: str) -> dict[str, Templates]:
        """All settings; `model` is `embeddings` or `embeddings_old`."""
        with np.load(self.folder / f"{model}.npz") as file:
            return pool(file["emb"], flip_ND=file["emb_flip"], settings=SETTINGS, **self.images)

    @cached_property
    def new(self) -> dict[str, Templates]:
        return self.templates("embeddings")

    @cached_property
    def old(self) -> dict[str, Templates]:
        return self.templates("embeddings_old")

    def galleries(self, templates: Templates) -> list[Gallery]:
        paths = sorted(self.folder.glob("*/meta/*_1N_gallery_*.csv"))
        found = [self._entries(path) for path in paths]
        return [Gallery(features=templates.of(ids), subjects=subjects) for ids, subjects in found]

    def probes(self, templates: Templates) -> tuple[np.ndarray, np.ndarray]:
        (path,) = self.folder.glob("*/meta/*_1N_probe_mixed.csv")
        ids, subjects = self._entries(path)
        return templates.of(ids), subjects

    def scores(self, left: Templates, right: Templates) -> np.ndarray:
        first, second, _ = self.pairs
        return pair_scores(
            left.features, right.features, left.positions(first), right.positions(second)
        )

    @cached_property
    def expected_scores(self) -> dict[str, np.ndarray]:
        with np.load(self.folder / "expected_scores.npz") as file:
            return {name: file[name] for name in file.files}


def cases(root: Path) -> Iterator[Case]:
    """A case for every recorded entry under `root`/eval/ijb."""
    for folder in sorted((root / "eval" / "ijb").glob("*")):
        relative = folder.relative_to(root).as_posix()
        if not (folder / "expected.json").is_file():
            yield Case(relative, partial(pytest.fail, f"{relative}: expected.json is missing"))
            continue
        recorded = Recorded(folder)
        expected = json.loads((folder / "expected.json").read_text())
        yield Case(f"{relative}::facts", partial(_facts, recorded, expected))
        for name in recorded.expected_scores:
            yield Case(f"{relative}::scores::{name}", partial(_scores, recorded, name))
        for name, entry in expected.items():
            if name not in FACTS:
                yield from _entries(f"{relative}::{name}", name, recorded, entry)


def _entries(where: str, name: str, recorded: Recorded, entry: Any) -> Iterator[Case]:
    if name == "one_to_one":
        for setting, values in entry.items():
            yield Case(f"{where}::{setting}", partial(_one_to_one, recorded, setting, values))
        return
    known: dict[str, Callable[[Recorded, Any], None]] = {
        "one_to_n_joined_gallery": _joined,
        "one_to_n_split_galleries": _split,
        "cross_model": _cross,
        "ijb_evals_default_vs_ijb_11_N1D1F1_maxabs": _defaults_agree,
    }
    if name in known:
        yield Case(where, partial(known[name], recorded, entry))
    else:
        yield Case(where, partial(pytest.fail, f"{where}: no code here knows this entry"))


def _facts(recorded: Recorded, expected: Mapping[str, Any]) -> None:
    templates, same = recorded.new[HEADLINE], recorded.pairs[2]
    _, subjects = recorded.probes(templates)
    found = {
        "images": len(recorded.images["template_N"]),
        "templates": len(templates.ids),
        "pairs": len(same),
        "genuine": int(same.sum()),
        "impostor": int((same == 0).sum()),
        "dim": templates.features.shape[1],
        "subjects": len(np.unique(subjects)),
    }
    assert found == {name: expected[name] for name in FACTS}


def _scores(recorded: Recorded, name: str) -> None:
    what, _, setting = name.partition("_")
    wanted = recorded.expected_scores[name]
    found: np.ndarray
    if name == "template_ids":
        found = recorded.new[HEADLINE].ids
    elif what == "templ":
        found = recorded.new[setting].features
    elif name == "score_cross":
        found = recorded.scores(recorded.old[HEADLINE], recorded.new[HEADLINE])
    else:
        found = recorded.scores(recorded.new[setting], recorded.new[setting])
    np.testing.assert_allclose(found, wanted, rtol=0, atol=SCORE)


def _one_to_one(recorded: Recorded, setting: str, expected: Mapping[str, Any]) -> None:
    templates = recorded.new[setting]
    _curve(recorded.scores(templates, templates), recorded.pairs[2], expected)


def _curve(score: np.ndarray, same: np.ndarray, expected: Mapping[str, Any]) -> None:
    unknown = set(expected) - set(RULES) - set(POINTS) - {"auc"}
    assert not unknown, f"recorded values that nothing here checks: {sorted(unknown)}"
    for name, rule in RULES.items():
        if name in expected:
            _points(score, same, rule, expected[name])
    for name, thins in POINTS.items():
        if name in expected:
            threshold = plain_templates.curve(score, same == 1, thins=thins)[2]
            assert len(threshold) == pytest.approx(expected[name], rel=FLOAT32_TIES)
    assert roc.auc(score, same) == pytest.approx(expected["auc"], abs=SCORE)


def _points(score: np.ndarray, same: np.ndarray, rule: Rule, expected: list[Any]) -> None:
    found = tars(score, same, [one["far"] for one in expected], rule)
    assert [one.tar for one in found] == [one["tar"] for one in expected]
    for one, wanted in zip(found, expected, strict=True):
        assert set(wanted) <= {"far", "tar", "fpr", "fpr_used", "threshold"}
        realised = wanted["fpr"] if rule == "far_at_most" else wanted["fpr_used"]
        slack = 1.5 / one.num_impostors
        assert abs(abs(one.far - one.target) - abs(realised - one.target)) <= slack
        if one.far == pytest.approx(realised, abs=RATE):
            assert one.threshold == pytest.approx(wanted["threshold"], abs=SCORE)


def _defaults_agree(recorded: Recorded, expected: float) -> None:
    """The defaults of both programs are one setting: the scores of one are those of the other."""
    templates = recorded.new[HEADLINE]
    wanted = recorded.expected_scores[f"score_{HEADLINE}"] + expected
    np.testing.assert_allclose(recorded.scores(templates, templates), wanted, rtol=0, atol=SCORE)


def _joined(recorded: Recorded, expected: Mapping[str, Any]) -> None:
    templates = recorded.new[HEADLINE]
    targets = {n: float(n.partition("_")[2]) for n in expected if n.startswith("far_")}
    ranks = {n: int(n.removeprefix("top")) for n in expected if n.startswith("top")}
    assert set(expected) == {*targets, *ranks}
    found = ijb1n_joined(
        recorded.galleries(templates),
        *recorded.probes(templates),
        tuple(targets.values()),
        tuple(ranks.values()),
    )
    for name, rate in zip(ranks, found.rank_rates, strict=True):
        assert rate == pytest.approx(expected[name], abs=RATE)
    for name, point in zip(targets, found.points, strict=True):
        assert point.tpir == pytest.approx(expected[name]["recall"], abs=RATE)
        assert point.threshold == pytest.approx(expected[name]["threshold"], abs=SCORE)


def _split(recorded: Recorded, expected: Mapping[str, Any]) -> None:
    templates = recorded.new[HEADLINE]
    np.testing.assert_allclose(SPLIT_TARGETS, expected["fars"], rtol=1e-12)
    found = ijb1n_split(
        recorded.galleries(templates), *recorded.probes(templates), expected["fars"]
    )
    np.testing.assert_allclose(found.rank_rates, expected["mean_top"], rtol=0, atol=RATE)
    np.testing.assert_allclose(found.tpir, expected["mean_tpir"], rtol=0, atol=RATE)
    assert set(expected) == {"G1", "G2", "mean_top", "fars", "mean_tpir", "shown_far_index"}
    for one, name in zip(found.galleries, ("G1", "G2"), strict=True):
        wanted = expected[name]
        assert one.rank_counts == tuple(wanted[f"top{rank}_count"] for rank in found.ranks)
        assert (one.num_gallery, one.num_mated) == (wanted["n_gallery"], wanted["n_mated"])
        np.testing.assert_allclose(
            [point.tpir for point in one.points], wanted["recall"], rtol=0, atol=RATE
        )
        np.testing.assert_allclose(
            [point.threshold for point in one.points], wanted["threshold"], rtol=0, atol=SCORE
        )


def _cross(recorded: Recorded, expected: Mapping[str, Any]) -> None:
    old, new = recorded.old[HEADLINE], recorded.new[HEADLINE]
    same = recorded.pairs[2]
    assert set(expected) == {"one_to_one", "old_self", "mixed_gallery_top_counts", "n_probe"}
    _curve(recorded.scores(old, new), same, expected["one_to_one"])
    _points(recorded.scores(old, old), same, "nearest", expected["old_self"])
    ranks = ijb1n_joined_ranks(recorded.galleries(old), *recorded.probes(new))
    assert ranks.num_probes == expected["n_probe"]
    assert list(ranks.rank_counts) == expected["mixed_gallery_top_counts"]
