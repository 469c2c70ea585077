"""The check of two models on a gallery: its four tests, its verdict, its backfill."""

import json
from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import ConfigError, DataError
from frlib.evaluate.compatibility.check import TESTS, Check, check
from frlib.evaluate.features import Features
from frlib.evaluate.protocols import identification, ijb, pair_csv
from tests.golden.adapters import ijb_lists
from tests.unit.evaluate import made_pairs
from tests.unit.evaluate.made_models import model, rotated, search


def _searched(root: Path) -> tuple[identification.Config, list[str]]:
    ids = search(root)
    return identification.Config(path=str(root / "search.csv")), ids


def _value(found: Check, test: str, metric: str) -> float:
    (one,) = [one for one in found.compared if one.outcome.metric == metric]
    row = one.tests[test]
    assert row is not None and row.value is not None
    return row.value


def test_check_when_compatible_then_told_with_all_four_tests(tmp_path: Path) -> None:
    config, ids = _searched(tmp_path)
    found = check(config, model(ids, 1.6, "old"), model(ids, 0.5, "new"))
    assert found.verdict.state == "compatible"
    assert found.verdict.metric == "identification-best-template tpir@fpir=0.1"
    assert found.verdict.sentence.startswith("Compatible: ")
    assert found.models == {"old": "made old", "new": "made new"}
    for one in found.compared:
        assert set(one.tests) == set(TESTS)
        assert one.gain.value == pytest.approx(
            _value(found, "cross", one.outcome.metric)
            - _value(found, "self old", one.outcome.metric),
            abs=1e-12,
        )
        assert one.room.value > one.gain.value
        assert one.positive.value - one.negative.value == pytest.approx(one.gain.value)
        assert one.share_won.value == pytest.approx(one.gain.value / one.room.value)
    json.dumps(found.to_json(), allow_nan=False)


def test_check_when_backfilled_then_the_ends_are_cross_and_self(tmp_path: Path) -> None:
    config, ids = _searched(tmp_path)
    found = check(config, model(ids, 1.6, "old"), model(ids, 0.5, "new"))
    for metric in ("rank1", "tpir@fpir=0.1"):
        rows = [row for row in found.curve if row.metric == metric]
        assert [row.share for row in rows] == [step / 10 for step in range(11)]
        assert rows[0].value == pytest.approx(_value(found, "cross", metric), abs=1e-12)
        assert rows[-1].value == pytest.approx(_value(found, "self new", metric), abs=1e-12)
        assert all(row.n == 180 and row.low is not None for row in rows)
        assert {row.bar for row in rows} == {_value(found, "self old", metric)}
    assert {row.metric for row in found.headline_curve} == {"tpir@fpir=0.1"}


def test_check_when_the_new_space_is_turned_then_not_compatible(tmp_path: Path) -> None:
    config, ids = _searched(tmp_path)
    old, new = model(ids, 0.8, "old"), model(ids, 0.3, "new")
    both = check(config, rotated(old), rotated(new))
    alone = check(config, old, rotated(new))
    assert both.verdict.state == "compatible"
    assert alone.verdict.state == "not compatible"
    assert _value(alone, "self new", "rank1") == _value(both, "self new", "rank1")
    assert any("clearly below" in text for text in alone.warnings)
    assert all("Let old queries search the old index" in text for text in alone.warnings)
    assert alone.dips and alone.dips[0].share == 0


def test_check_when_models_are_equal_then_not_decided(tmp_path: Path) -> None:
    config, ids = _searched(tmp_path)
    found = check(config, model(ids, 0.8, "old"), model(ids, 0.8, "old"))
    assert found.verdict.state == "not decided"
    assert "no number of people" in found.verdict.sentence
    assert all(one.gain.low < 0 < one.gain.high for one in found.compared)


def test_check_when_little_is_gained_then_not_decided_and_how_many_more(tmp_path: Path) -> None:
    config, ids = _searched(tmp_path)
    found = check(config, model(ids, 1.0, "old"), model(ids, 0.97, "newer"))
    assert found.verdict.state == "not decided"
    assert found.verdict.more_people is None or found.verdict.more_people > 0
    assert "contains 0" in found.verdict.sentence


def test_check_when_more_is_wanted_than_gained_then_no(tmp_path: Path) -> None:
    config, ids = _searched(tmp_path)
    old, new = model(ids, 1.6, "old"), model(ids, 0.5, "new")
    wanted = check(config, old, new, least=0.9).verdict
    assert wanted.state == "not compatible"
    assert wanted.sentence.endswith("people), wanted are more than +90.00.")
    with pytest.raises(ConfigError, match=r"no metric 'rank7'.*rank1"):
        check(config, old, new, metric="rank7")
    assert check(config, old, new, metric="rank1").verdict.metric.endswith(" rank1")


def test_check_when_sizes_differ_then_a_rule_and_the_self_test_uses_all(tmp_path: Path) -> None:
    config, ids = _searched(tmp_path)
    old, whole = model(ids, 1.6, "old"), model(ids, 0.5, "new")
    more = np.random.default_rng(0).normal(size=(len(ids), 8)).astype(np.float32)
    wide = Features(whole.ids, np.concatenate((whole.plain, more), axis=1), None, whole.about)
    with pytest.raises(ConfigError, match="has 16 dimensions, made new has 24"):
        check(config, old, wide)
    cut = check(config, old, wide, rule="truncate")
    assert _value(cut, "cross", "rank1") == _value(check(config, old, whole), "cross", "rank1")
    padded = check(config, old, wide, rule="pad")
    assert _value(cut, "self new", "rank1") == _value(padded, "self new", "rank1")
    assert cut.spaces == {"old": "as it is", "new": "first 16 of 24 coordinates"}
    for found in (cut, padded):
        rows = [row for row in found.curve if row.metric == "rank1"]
        assert rows[0].value == pytest.approx(_value(found, "cross", "rank1"))
        assert rows[-1].value == pytest.approx(_value(found, "self new", "rank1"))
    matrix = np.eye(16, 24, dtype=np.float32)
    projected = check(config, old, wide, matrix=matrix)
    assert _value(projected, "cross", "rank1") == _value(cut, "cross", "rank1")


def test_check_when_images_are_missing_then_counted(tmp_path: Path) -> None:
    config, ids = _searched(tmp_path)
    old, new = model(ids, 1.6, "old"), model(ids, 0.5, "new")
    gallery = old.take(np.flatnonzero([one.endswith("/0.jpg") for one in ids]))
    with pytest.raises(DataError, match="180 of 360 images of the gallery have no vector"):
        check(config, gallery, new)


def test_check_when_the_new_model_was_trained_for_another_old_one_then_told(
    tmp_path: Path,
) -> None:
    config, ids = _searched(tmp_path)
    old, new = model(ids, 1.6, "old"), model(ids, 0.5, "new")
    old.about["weights"] = "aa11"
    assert not check(config, old, new, trained_for="aa11").warnings
    (told,) = check(config, old, new, trained_for="bb22").warnings
    assert "checksum bb22; made old has aa11" in told
    both = model(ids, 1.6, "old", mirrored=True)
    (told,) = check(config, both, new).warnings
    assert told == "made new has no mirrored view, so neither model's is used"


@pytest.mark.parametrize("flat", [False, True])
def test_check_when_pairs_then_people_or_pairs_are_drawn(flat: bool, tmp_path: Path) -> None:
    pairs = made_pairs.listed(people=120, flat=flat)
    rows = zip(pairs.fold, pairs.left, pairs.right, pairs.same, strict=True)
    lines = [f"{fold},{a},{b},{int(same)}" for fold, a, b, same in rows]
    (tmp_path / "own.csv").write_text("\n".join(["fold,path_a,path_b,same", *lines]) + "\n")
    old, new = (made_pairs.features(pairs, noise) for noise in (2.0, 0.8))
    found = check(pair_csv.Config(path=str(tmp_path / "own.csv")), old, new)
    assert found.verdict.state == "compatible"
    assert found.verdict.metric == "own tar@far=0.1"
    assert ("240 pairs" if flat else "120 people") in found.verdict.sentence
    rows_of = [row for row in found.curve if row.metric == "tar@far=0.1"]
    assert rows_of[0].value == pytest.approx(_value(found, "cross", "tar@far=0.1"))
    assert rows_of[-1].value == pytest.approx(_value(found, "self new", "tar@far=0.1"))
    assert rows_of[0].bar == pytest.approx(_value(found, "self old", "tar@far=0.1"))


def test_check_when_ijb_then_pairs_decide_and_the_search_is_backfilled(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(60), 4)
    templates = np.arange(len(person))
    left, right = (a.ravel() for a in np.meshgrid(templates[::4], templates[2::4]))
    stored = {
        "templates": templates,
        "medias": templates,
        "face_scores": np.ones(len(person), np.float32),
        "p1": left,
        "p2": right,
        "label": (person[left] == person[right]).astype(int),
        **{f"g{at}_templates": templates[::4][at - 1 :: 2] for at in (1, 2)},
        **{f"g{at}_ids": np.arange(60)[at - 1 :: 2] for at in (1, 2)},
        "probe_templates": templates[1::4],
        "probe_ids": np.arange(60),
    }
    config = ijb.Config(
        path=str(ijb_lists.write(tmp_path / "set", stored)), expected=False, fars=(0.1, 0.01)
    )
    centre = rng.normal(size=(60, 16))[person]
    old, new = (
        Features(
            ijb_lists.names(stored),
            (centre + noise * rng.normal(size=centre.shape)).astype(np.float32),
        )
        for noise in (1.6, 0.4)
    )
    found = check(config, old, new)
    assert found.verdict.metric == "ijbc-1:1 tar@far=0.01"
    assert found.verdict.state == "compatible"
    rows = found.headline_curve
    assert {(row.protocol, row.metric) for row in rows} == {("ijbc-1:N", "rank1")}
    assert rows[0].value == pytest.approx(_value(found, "cross", "rank1"))
    assert rows[-1].value == pytest.approx(_value(found, "self new", "rank1"))
    found.save(tmp_path / "out")
    assert (tmp_path / "out" / "self-old" / "report.json").is_file()
