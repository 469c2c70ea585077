"""Two models in one space, and protocols with one on each side."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.core.config import Config
from frlib.core.errors import ConfigError, DataError
from frlib.evaluate import crossed, judged, pair_variants
from frlib.evaluate.features import Features
from frlib.evaluate.protocols import all_pairs, identification, ijb, megaface, pair_csv
from frlib.evaluate.questions import Questions
from frlib.evaluate.report import Report
from tests.golden.adapters import ijb_lists
from tests.unit.evaluate import made_pairs
from tests.unit.evaluate.made_models import model, rotated, search


def _resized(features: Features, size: int) -> Features:
    return replace(features, plain=np.ascontiguousarray(features.plain[:, :size]))


def _pair() -> tuple[Features, Features]:
    ids = [f"p{k}/{n}.jpg" for k in range(5) for n in range(2)]
    return _resized(model(ids, 0.5, "old"), 12), model(ids, 0.2, "new")


def test_agreed_when_sizes_differ_and_no_rule_then_both_are_named() -> None:
    old, new = _pair()
    with pytest.raises(ConfigError, match="made old has 12 dimensions, made new has 16"):
        crossed.agreed(old, new)
    assert crossed.agreed(new, new) == (new, new)


def test_agreed_when_truncated_or_padded_then_the_cosines_differ_by_a_factor_a_query() -> None:
    old, new = _pair()
    cut = crossed.agreed(old, new, "truncate")
    padded = crossed.agreed(old, new, "pad")
    assert cut[0] is old and padded[1] is new
    assert cut[1].about["space"] == "first 12 of 16 coordinates"
    assert padded[0].about["space"] == "4 zeros appended"

    def cosines(left: Features, right: Features) -> np.ndarray:
        sides = [f.plain / np.linalg.norm(f.plain, axis=1, keepdims=True) for f in (left, right)]
        return sides[1] @ sides[0].T

    factor = np.linalg.norm(new.plain[:, :12], axis=1) / np.linalg.norm(new.plain, axis=1)
    np.testing.assert_allclose(cosines(*padded), factor[:, None] * cosines(*cut), atol=1e-6)
    assert np.ptp(factor) > 0.05


def test_agreed_when_the_old_model_is_longer_then_it_is_the_one_that_changes() -> None:
    old, new = _pair()
    longer, shorter = crossed.agreed(new, old, "truncate")
    assert longer.dimensions == shorter.dimensions == 12
    assert shorter is old


def test_projected_when_given_the_matrix_then_in_the_old_space() -> None:
    old, new = _pair()
    matrix = np.random.default_rng(0).normal(size=(12, 16))
    found = crossed.projected(new, old, matrix)
    np.testing.assert_allclose(found.plain, new.plain @ matrix.T.astype(np.float32), rtol=1e-6)
    assert crossed.in_one_space(old, new, "refuse", matrix)[1].dimensions == 12
    assert crossed.in_one_space(old, new, "pad", matrix)[1].dimensions == 16
    with pytest.raises(ConfigError, match=r"expected \(12, 16\)"):
        crossed.projected(new, old, matrix.T)


def test_agreed_when_both_are_of_other_images_of_the_same_names_then_refused() -> None:
    old, new = _pair()
    old, new = (replace(f, about={**f.about, "contents": c}) for f, c in ((old, "aa"), (new, "bb")))
    with pytest.raises(DataError, match="same names and other contents"):
        crossed.agreed(old, new, "pad")
    fewer = new.take(np.arange(4))
    crossed.agreed(old, fewer, "pad")


def test_require_both_when_the_old_gallery_lacks_images_then_counted_and_named() -> None:
    old, new = _pair()
    with pytest.raises(
        DataError, match=r"made old.*3 of 10 images.*first 'p3/1.jpg'.*has them all"
    ):
        crossed.require_both(old.take(np.arange(7)), new, new.ids)
    crossed.require_both(old, new, new.ids)


def test_sides_when_one_has_no_mirrored_view_then_neither_is_used() -> None:
    ids = [f"p{k}/{n}.jpg" for k in range(5) for n in range(2)]
    both, single = model(ids, 0.5, "old", mirrored=True), model(ids, 0.2, "new")
    assert [side.mirrored for side in crossed.sides(single, both)] == [None, None]
    assert crossed.sides(both, None) == (both, both)


def _values(report: Report) -> list[tuple[Any, ...]]:
    return [(r.protocol, r.variant, r.metric, r.n, r.value, r.low, r.high) for r in report.rows]


def _close(one: Report, other: Report, tolerance: float) -> None:
    for a, b in zip(_values(one), _values(other), strict=True):
        assert a[:4] == b[:4]
        for x, y in zip(a[4:], b[4:], strict=True):
            assert y == (x if x is None else pytest.approx(x, abs=tolerance)), a


def _protocols(root: Path) -> list[tuple[Any, Config, list[str]]]:
    """A list of pairs, a search and two lists of all pairs, with the images they name."""
    pairs = made_pairs.listed()
    rows = zip(pairs.fold, pairs.left, pairs.right, pairs.same, strict=True)
    lines = [f"{fold},{a},{b},{int(same)}" for fold, a, b, same in rows]
    (root / "own.csv").write_text("\n".join(["fold,path_a,path_b,same", *lines]) + "\n")
    paired = sorted({*pairs.left, *pairs.right})
    searched = search(root)
    for name, at in (("one", 0), ("two", 1)):
        people = [f"p{k}/{at}.jpg,p{k}" for k in range(40)]
        (root / f"{name}.csv").write_text("\n".join(["path,identity", *people]) + "\n")
    lists = {"path": str(root / "one.csv"), "other": str(root / "two.csv"), "fars": (0.1, 0.01)}
    return [
        (pair_csv, pair_csv.Config(path=str(root / "own.csv")), paired),
        (identification, identification.Config(path=str(root / "search.csv")), searched),
        (all_pairs, all_pairs.Config(**lists), paired),
    ]


@pytest.mark.parametrize("at", range(3))
def test_evaluate_when_the_same_model_is_on_both_sides_then_the_self_test(
    at: int, tmp_path: Path
) -> None:
    module, config, ids = _protocols(tmp_path)[at]
    given = model(ids, 0.8, "one", mirrored=True)
    alone = module.evaluate(config, given, module.VARIANTS)
    both = module.evaluate(config, given, module.VARIANTS, enrolled=given)
    _close(alone, both, 1e-9)
    assert "sides" not in alone.about
    assert both.about["sides"] == {"enrolled": "made one", "query": "made one"}
    json.dumps(both.to_json())


@pytest.mark.parametrize("at", range(3))
def test_evaluate_when_spaces_turn_together_then_unchanged_and_apart_then_destroyed(
    at: int, tmp_path: Path
) -> None:
    module, config, ids = _protocols(tmp_path)[at]
    old, new = model(ids, 0.9, "old"), model(ids, 0.3, "new")
    cross = module.evaluate(config, new, enrolled=old)
    turned = module.evaluate(config, rotated(new), enrolled=rotated(old))
    _close(cross, turned, 1e-6)
    apart = module.evaluate(config, rotated(new), enrolled=old)
    best, worst = (report.rows[0].value or 0.0 for report in (cross, apart))
    assert best > worst + 0.2


def test_evaluate_when_sides_are_exchanged_then_other_numbers_and_names(tmp_path: Path) -> None:
    module, config, ids = _protocols(tmp_path)[1]
    old, new = model(ids, 1.2, "old"), model(ids, 0.2, "new")
    cross = module.evaluate(config, new, enrolled=old)
    reverse = module.evaluate(config, old, enrolled=new)
    assert cross.about["sides"] == {"enrolled": "made old", "query": "made new"}
    assert reverse.about["sides"] == {"enrolled": "made new", "query": "made old"}
    assert _values(cross) != _values(reverse)


def test_search_when_each_model_has_its_own_role_alone_then_that_is_enough(tmp_path: Path) -> None:
    module, config, ids = _protocols(tmp_path)[1]
    old, new = model(ids, 0.9, "old"), model(ids, 0.3, "new")
    enrolled = np.array([one.endswith("/0.jpg") and one.startswith("p") for one in ids])
    parts = new.take(np.flatnonzero(~enrolled)), old.take(np.flatnonzero(enrolled))
    _close(
        module.evaluate(config, new, enrolled=old),
        module.evaluate(config, parts[0], enrolled=parts[1]),
        0,
    )
    with pytest.raises(DataError, match="enrolled side, made new"):
        module.evaluate(config, parts[0], enrolled=parts[0])


@pytest.mark.parametrize("variant", pair_variants.VARIANTS)
def test_judged_when_crossed_then_left_is_the_enrolled_model(variant: str) -> None:
    pairs = made_pairs.listed()
    asked = Questions("own", pairs)
    ids = sorted({*pairs.left, *pairs.right})
    old, new = model(ids, 0.9, "old", mirrored=True), model(ids, 0.3, "new", mirrored=True)
    found = judged.report("own", [asked], new, (variant,), enrolled=old)
    names = {"L": old, "R": new}
    apart = replace(
        pairs,
        left=tuple(f"L{one}" for one in pairs.left),
        right=tuple(f"R{one}" for one in pairs.right),
    )
    views = [
        np.concatenate([getattr(side, view) for side in names.values()])
        for view in ("plain", "mirrored")
    ]
    both = made_pairs.texts([f"{side}{one}" for side in names for one in ids])
    expected = judged.report("own", [Questions("own", apart)], Features(both, *views), (variant,))
    values = [[row.value for row in report.rows] for report in (found, expected)]
    assert values[0] == pytest.approx(values[1], abs=1e-9)


def test_evaluate_when_no_side_is_enrolled_then_told_why(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("path,identity\na,x\nb,x\nc,y\n")
    given = model(["a", "b", "c"], 0.1, "one")
    with pytest.raises(ConfigError, match="no enrolled side"):
        all_pairs.evaluate(all_pairs.Config(path=str(tmp_path / "one.csv")), given, enrolled=given)
    config = megaface.Config(path="none", distractors="none")
    with pytest.raises(ConfigError, match="no test across models"):
        megaface.evaluate(config, given, enrolled=given)


def test_ijb_when_crossed_then_each_column_has_its_model(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    subject = np.arange(20)
    templates = np.arange(60)
    person = np.repeat(subject, 3)
    left, right = (rng.integers(0, 60, 600) for _ in range(2))
    stored = {
        "templates": templates,
        "medias": templates,
        "face_scores": np.ones(60, np.float32),
        "p1": left,
        "p2": right,
        "label": (person[left] == person[right]).astype(int),
        **{f"g{at}_templates": 3 * subject[at - 1 :: 2] for at in (1, 2)},
        **{f"g{at}_ids": subject[at - 1 :: 2] for at in (1, 2)},
        "probe_templates": 3 * subject + 1,
        "probe_ids": subject,
    }
    path = ijb_lists.write(tmp_path / "set", stored)
    ids = ijb_lists.names(stored)
    centre = rng.normal(size=(20, 8))[person]
    old, new = (
        Features(ids, (centre + noise * rng.normal(size=centre.shape)).astype(np.float32))
        for noise in (1.0, 0.3)
    )
    config = ijb.Config(path=str(path), expected=False, fars=(0.1,))
    report = ijb.evaluate(config, new, enrolled=old)
    unit = [f.plain / np.linalg.norm(f.plain, axis=1, keepdims=True) for f in (old, new)]
    expected = np.vecdot(unit[0][left], unit[1][right])
    score = report.scores["ijbc-1:1/N1D1F0"]["score"].to_numpy()
    np.testing.assert_allclose(score, expected, atol=1e-6)
    own = unit[1][3 * subject + 1] @ unit[0][3 * subject].T
    rank1 = float((own.argmax(axis=1) == subject).mean())
    (row,) = [r for r in report.rows if r.metric == "rank1,joined"]
    assert row.value == pytest.approx(rank1)
    with pytest.raises(DataError, match="enrolled side"):
        ijb.evaluate(config, new, enrolled=old.take(np.arange(50)))
