"""Golden evaluation of MixBCT, `bct/ijb_a.npz`: one model and an old one against a new one.

Checked twice: as rows of the protocol, from lists in files and features of both models to the
report, and below it as metrics, which give what the report leaves out.

The file names its settings after the flag `use_norm_score` of its source, for which true *removes*
the norm: its N0D1F1 is N1D1F1 here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from frlib.evaluate.features import Features
from frlib.evaluate.protocols import ijb
from frlib.evaluate.report import Report
from frlib.metrics import roc
from frlib.metrics.gallery import Gallery
from frlib.metrics.listed import pair_scores
from frlib.metrics.one_to_many import ijb1n_joined_ranks, ijb1n_split
from frlib.metrics.one_to_one import tars
from frlib.metrics.templates import HEADLINE, SETTINGS, Templates, pool
from tests.golden.adapters import ijb_lists
from tests.golden.case import Case

FOLDER = "bct"
FILE = "bct/ijb_a.npz"
MODELS = {"self_new": ("new", "new"), "self_old": ("old", "old"), "cross": ("old", "new")}
SCORE = 1e-6
RATE = 1e-9
INPUTS = frozenset(
    {"new", "new_flip", "old", "old_flip", "face_scores", "templates", "medias", "p1", "p2"}
    | {"label", "g1_templates", "g1_ids", "g2_templates", "g2_ids", "probe_templates", "probe_ids"}
)


@dataclass
class Recorded:
    """The file: inputs, and results named `<models>__<what>`."""

    path: Path

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        with np.load(self.path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    @cached_property
    def pooled(self) -> dict[str, dict[str, Templates]]:
        stored = self.arrays
        return {
            model: pool(
                stored[model],
                stored["templates"],
                stored["medias"],
                flip_ND=stored[f"{model}_flip"],
                score_N=stored["face_scores"],
                settings=SETTINGS,
            )
            for model in ("new", "old")
        }

    def scores(self, models: str, setting: str = HEADLINE) -> np.ndarray:
        left, right = (self.pooled[model][setting] for model in MODELS[models])
        first, second = left.positions(self.arrays["p1"]), right.positions(self.arrays["p2"])
        return pair_scores(left.features, right.features, first, second)

    @cached_property
    def reports(self) -> dict[str, Report]:
        """Of every pair of models, all settings."""
        stored = self.arrays
        models = {
            model: Features(
                ijb_lists.names(stored),
                *(stored[view].astype(np.float32) for view in (model, f"{model}_flip")),
            )
            for model in ("new", "old")
        }
        found = {}
        with TemporaryDirectory() as folder:
            path = ijb_lists.write(Path(folder) / "set", stored)
            config = ijb.Config(path=str(path), expected=False)
            for name, (left, right) in MODELS.items():
                enrolled = None if left == right else models[left]
                found[name] = ijb.evaluate(config, models[right], ijb.VARIANTS, enrolled=enrolled)
        return found


def cases(root: Path) -> Iterator[Case]:
    """One case for every kind of result of each pair of models."""
    if not (root / FILE).is_file():
        return
    recorded = Recorded(root / FILE)
    results = {name for name in recorded.arrays if "__" in name}
    for name in sorted(set(recorded.arrays) - results - INPUTS):
        yield Case(f"{FILE}:{name}", partial(pytest.fail, f"{name}: not known here"))
    for models in MODELS:
        wanted = {
            name.partition("__")[2]: recorded.arrays[name]
            for name in results
            if name.startswith(f"{models}__")
        }
        for check in (_one_to_one, _settings, _split, _mixed, _rows):
            what = check.__name__.strip("_")
            yield Case(f"{FILE}:{models}:{what}", partial(check, recorded, models, wanted))
        yield Case(f"{FILE}:{models}:all_known", partial(_all_known, wanted))


def _all_known(wanted: dict[str, np.ndarray]) -> None:
    known = {"scores11", "far_list", "tar_nearest", "tar_le", "auc", "template_ids", "n_probe"}
    known |= {"template_feats", "fpir_list", "tpir_mean", "rank_mean", "rank_mixed"}
    known |= {f"{what}_g{at}" for what in ("tpir", "thresh", "rank_counts") for at in (1, 2)}
    known |= {"rank_counts_mixed"} | {name for name in wanted if name.startswith("tar_nearest_N")}
    assert not set(wanted) - known, f"recorded, but not checked: {sorted(set(wanted) - known)}"


def _one_to_one(recorded: Recorded, models: str, wanted: dict[str, np.ndarray]) -> None:
    score, same = recorded.scores(models), recorded.arrays["label"] == 1
    np.testing.assert_allclose(score, wanted["scores11"], rtol=0, atol=SCORE)
    for name, rule in (("tar_nearest", "nearest"), ("tar_le", "far_at_most")):
        found = [one.tar for one in tars(score, same, wanted["far_list"].tolist(), rule)]
        np.testing.assert_allclose(found, wanted[name], rtol=0, atol=RATE)
    assert roc.auc(score, same) == pytest.approx(float(wanted["auc"]), abs=1e-6)


def _settings(recorded: Recorded, models: str, wanted: dict[str, np.ndarray]) -> None:
    pooled = recorded.pooled[MODELS[models][0]]
    if "template_feats" in wanted:
        np.testing.assert_array_equal(pooled[HEADLINE].ids, wanted["template_ids"])
        np.testing.assert_allclose(
            pooled[HEADLINE].features, wanted["template_feats"], rtol=0, atol=SCORE
        )
    for name, values in wanted.items():
        _, is_setting, switches = name.partition("tar_nearest_N")
        if is_setting:
            score = recorded.scores(models, f"N{1 - int(switches[0])}{switches[1:]}")
            same, targets = recorded.arrays["label"] == 1, wanted["far_list"].tolist()
            found = [one.tar for one in tars(score, same, targets, "nearest")]
            np.testing.assert_allclose(found, values, rtol=0, atol=RATE, err_msg=name)


def _sides(recorded: Recorded, models: str) -> tuple[list[Gallery], np.ndarray, np.ndarray]:
    old, new = (recorded.pooled[model][HEADLINE] for model in MODELS[models])
    stored = recorded.arrays
    galleries = [
        Gallery(features=old.of(stored[f"g{at}_templates"]), subjects=stored[f"g{at}_ids"])
        for at in (1, 2)
    ]
    return galleries, new.of(stored["probe_templates"]), stored["probe_ids"]


def _split(recorded: Recorded, models: str, wanted: dict[str, np.ndarray]) -> None:
    found = ijb1n_split(*_sides(recorded, models), wanted["fpir_list"].tolist())
    assert found.num_probes == wanted["n_probe"]
    np.testing.assert_allclose(found.tpir, wanted["tpir_mean"], rtol=0, atol=RATE)
    np.testing.assert_allclose(found.rank_rates, wanted["rank_mean"], rtol=0, atol=RATE)
    for at, one in enumerate(found.galleries, start=1):
        assert list(one.rank_counts) == wanted[f"rank_counts_g{at}"].tolist()
        tpir, threshold = zip(*((p.tpir, p.threshold) for p in one.points), strict=True)
        np.testing.assert_allclose(tpir, wanted[f"tpir_g{at}"], rtol=0, atol=RATE)
        np.testing.assert_allclose(threshold, wanted[f"thresh_g{at}"], rtol=0, atol=SCORE)


def _mixed(recorded: Recorded, models: str, wanted: dict[str, np.ndarray]) -> None:
    found = ijb1n_joined_ranks(*_sides(recorded, models))
    assert list(found.rank_counts) == wanted["rank_counts_mixed"].tolist()
    np.testing.assert_allclose(found.rank_rates, wanted["rank_mixed"], rtol=0, atol=RATE)


def _rows(recorded: Recorded, models: str, wanted: dict[str, np.ndarray]) -> None:
    """The report's rows, its scores, and which model it says is on which side."""
    report = recorded.reports[models]
    assert ("sides" in report.about) == (models == "cross")
    value = {(row.variant, row.metric): row.value for row in report.rows}
    score = report.scores[f"ijbc-1:1/{HEADLINE}"]["score"].to_numpy()
    np.testing.assert_allclose(score, wanted["scores11"], rtol=0, atol=SCORE)
    num_impostors = int((recorded.arrays["label"] == 0).sum())
    for at, far in enumerate(wanted["far_list"].tolist()):
        is_known = far * num_impostors >= 1
        strict = pytest.approx(wanted["tar_le"][at], abs=RATE) if is_known else None
        assert value[HEADLINE, f"tar@far={far:g}"] == strict
        for name in [name for name in wanted if name.startswith("tar_nearest")]:
            switches = name.partition("tar_nearest_N")[2]
            setting = f"N{1 - int(switches[0])}{switches[1:]}" if switches else HEADLINE
            found = value[setting, f"tar@far={far:g},nearest"]
            assert found == pytest.approx(wanted[name][at], abs=RATE), (name, far)
    for at, rank in enumerate((1, 5, 10)):
        for name, kind in (("rank_mean", "split"), ("rank_mixed", "joined")):
            found = value[HEADLINE, f"rank{rank},{kind}"]
            assert found == pytest.approx(wanted[name][at], abs=RATE), (name, rank)
    for fpir in (0.01, 0.1):
        (at,) = np.flatnonzero(np.isclose(wanted["fpir_list"], fpir))
        found = value[HEADLINE, f"tpir@fpir={fpir:g},split"]
        assert found == pytest.approx(wanted["tpir_mean"][at], abs=RATE), fpir
