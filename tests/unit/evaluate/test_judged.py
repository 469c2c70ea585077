from pathlib import Path

import numpy as np
import pytest

from frlib.core import safeio
from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.data.pairsets.listed import ListedPairs
from frlib.evaluate import judged, pair_variants
from frlib.evaluate.compare import compare
from frlib.evaluate.questions import Questions
from frlib.evaluate.report import Report
from frlib.metrics import verification
from tests.unit.evaluate.made_pairs import features, listed


def _report(noise: float = 0.6, flat: bool = False, mirrored: bool = True) -> Report:
    pairs = listed(flat=flat)
    given = features(pairs, noise, mirrored)
    return judged.report("made", [Questions("made", pairs)], given, pair_variants.VARIANTS)


def test_report_when_all_variants_then_each_has_rows_and_says_how_it_was_made() -> None:
    report = _report()
    ran = {row.variant for row in report.rows}
    assert ran == {
        *("insightface4", "boundaryface4", "facexzoo4", "tface4", "tface-rfw-faulty4"),
        *("val-classic4", "val-expface4", "val-strict4", "exact4", "roc"),
    }
    for row in report.to_json()["rows"]:
        assert {"colour", "flip", "normalisation", "compared"} <= set(row)
        assert row["colour"] == "RGB"
        assert "faulty" in row["mark"] or "faulty" not in row["variant"]


def test_report_when_insightface_then_the_number_is_that_of_the_metric() -> None:
    pairs = listed()
    given = features(pairs)
    place = {name: row for row, name in enumerate(given.ids.tolist())}
    left, right = (np.array([place[n] for n in side]) for side in (pairs.left, pairs.right))
    rule = verification.VARIANTS["insightface10"]
    expected = rule(given.plain, given.mirrored, left, right, pairs.same, pairs.fold)
    row = next(r for r in _report().rows if r.variant == "insightface4")
    assert row.value == expected.accuracy
    assert row.low is not None
    assert row.high is not None
    assert row.low <= row.value <= row.high
    assert row.interval == judged.BY_PEOPLE


def test_report_when_people_are_unknown_then_interval_is_binomial_and_named() -> None:
    row = next(r for r in _report(flat=True).rows if r.metric == "accuracy")
    assert row.interval == judged.BINOMIAL


@pytest.mark.parametrize(
    ("flat", "area", "rate"),
    [
        (False, judged.BY_PEOPLE, judged.BY_PEOPLE),
        (True, judged.DELONG, judged.BY_PAIRS),
    ],
)
def test_report_when_roc_then_area_and_equal_error_rate_have_intervals(
    flat: bool, area: str, rate: str
) -> None:
    rows = {row.metric: row for row in _report(2.5, flat).rows if row.variant == "roc"}
    assert (rows["auc"].interval, rows["eer"].interval) == (area, rate)
    for row in (rows["auc"], rows["eer"]):
        assert row.value is not None
        assert row.low is not None
        assert row.high is not None
        assert 0 <= row.low < row.value < row.high <= 1


def test_report_when_scores_are_wholly_apart_then_the_interval_has_a_width() -> None:
    rows = {row.metric: row for row in _report(0.05).rows if row.variant == "roc"}
    for row, low, high in ((rows["auc"], 0.75, 1), (rows["eer"], 0, 0.25)):
        assert row.interval == judged.APART
        assert (row.low, row.high) == pytest.approx((low, high), abs=0.06)


def test_report_when_fewer_impostors_than_one_over_far_then_cell_is_marked() -> None:
    rows = {row.metric: row for row in _report().rows if row.variant == "roc"}
    assert rows["tar@far=0.01"].value is None
    assert rows["tar@far=0.01"].mark == "40 impostor pairs; FAR 0.01 needs 100"
    assert rows["tar@far=0.1"].mark.startswith("rests on ")


def test_report_when_one_view_then_variant_says_single() -> None:
    names = {row.variant for row in _report(mirrored=False).rows}
    assert {"insightface4-single", "facexzoo4", "roc-single"} <= names


def test_report_when_all_scores_are_equal_then_marked_and_roc_absent() -> None:
    pairs = listed()
    given = features(pairs)
    given.plain[:] = 1
    assert given.mirrored is not None
    given.mirrored[:] = 1
    report = judged.report("made", [Questions("made", pairs)], given, ("insightface10", "roc"))
    assert report.rows[0].mark == "all scores are equal"
    assert report.rows[-1].value is None
    assert "equal" in report.rows[-1].mark


def test_report_when_embeddings_are_zero_missing_or_not_finite_then_told() -> None:
    pairs = listed()
    questions = [Questions("made", pairs)]
    given = features(pairs)
    given.plain[3] = 0
    assert (
        "1 of 80 embeddings are all zero" in judged.report("m", questions, given, None).warnings[0]
    )
    given.plain[3, 0] = np.nan
    with pytest.raises(NumericsError, match="not finite"):
        judged.report("m", questions, given, None)
    with pytest.raises(DataError, match="have no vector"):
        judged.report("m", questions, features(pairs).take(np.arange(70)), None)
    with pytest.raises(ConfigError, match="no variant insightfase"):
        judged.report("m", questions, features(pairs), ("insightfase",))


def test_compare_when_two_models_then_differs_and_other_pairs_are_refused(tmp_path: Path) -> None:
    _report(0.3).save(tmp_path / "a")
    _report(2.5).save(tmp_path / "b")
    found = {one.scores: one for one in compare(tmp_path / "a", tmp_path / "b")}
    one = found["made/insightface4"]
    assert one.by == "people"
    assert one.a > one.b
    assert one.bootstrap.difference.value == pytest.approx(one.a - one.b)
    assert one.mcnemar.only_a - one.mcnemar.only_b == round(80 * (one.a - one.b))
    assert one.mcnemar.p < 0.01
    assert safeio.read_json(tmp_path / "a" / "report.json")["title"] == "made"
    other = listed(people=20)
    judged.report("made", [Questions("made", other)], features(other), None).save(tmp_path / "c")
    with pytest.raises(DataError, match="differ in 'left'"):
        compare(tmp_path / "a", tmp_path / "c")


def test_report_when_all_scores_are_equal_then_no_interval() -> None:
    pairs = listed()
    given = features(pairs, mirrored=False)
    given.plain[:] = 1
    row = judged.report("made", [Questions("made", pairs)], given, None).rows[0]
    assert (row.low, row.high, row.interval) == (None, None, "")


def test_report_when_every_verdict_is_right_then_no_more_trials_than_people() -> None:
    row = next(r for r in _report(0.05).rows if r.variant == "insightface4")
    questions = Questions("made", listed())
    assert questions.people is not None
    assert questions.people.num < len(questions)
    assert row.value == 1
    assert row.interval == judged.ONE_EACH
    assert row.low == pytest.approx(0.025 ** (1 / questions.people.num))


def test_report_when_a_list_is_too_kind_then_says_how() -> None:
    pairs = listed()
    odd = ListedPairs(
        left=(*pairs.left, pairs.right[0], pairs.left[0]),
        right=(*pairs.right, pairs.left[0], pairs.left[0]),
        same=np.append(pairs.same, [pairs.same[0], True]),
        fold=np.zeros(len(pairs) + 2, dtype=np.int64),
    )
    told = " ".join(judged.report("m", [Questions("m", odd)], features(pairs), None).warnings)
    assert "one fold: thresholds are chosen on the pairs" in told
    assert "1 pairs compare an image with itself" in told
    assert "1 pairs are listed before" in told
    assert not judged.report("m", [Questions("m", pairs)], features(pairs), None).warnings


def test_report_when_only_a_mirrored_embedding_is_zero_then_told() -> None:
    pairs = listed()
    given = features(pairs)
    assert given.mirrored is not None
    given.mirrored[3] = 0
    (told,) = judged.report("m", [Questions("m", pairs)], given, None).warnings
    assert "1 of 80 embeddings are all zero" in told


def test_save_when_an_earlier_report_is_there_then_its_scores_go_and_nothing_else(
    tmp_path: Path,
) -> None:
    _report().save(tmp_path)
    other = tmp_path / "scores" / "notes.txt"
    other.write_text("kept")
    pairs = listed()
    judged.report("made", [Questions("made", pairs)], features(pairs), None).save(tmp_path)
    found = [path for path in (tmp_path / "scores").rglob("*") if path.is_file()]
    assert sorted(path.name for path in found) == ["insightface4.parquet", "notes.txt"]


def test_save_when_no_report_is_there_then_nothing_is_removed(tmp_path: Path) -> None:
    foreign = tmp_path / "scores" / "mine.parquet"
    foreign.parent.mkdir()
    foreign.write_bytes(b"")
    _report().save(tmp_path)
    assert foreign.exists()
