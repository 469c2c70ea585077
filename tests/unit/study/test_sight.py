"""The smallest difference a design can show, and the published differences below it."""

from pathlib import Path

import pandas as pd
import pytest

from frlib.records import published
from frlib.stats.power import smallest_difference
from frlib.study.claims import claims, unseen
from frlib.study.sight import sight
from tests.unit.study.recorded import planned, record

TABLE = Path(__file__).parents[3] / "studies/published/boundaryface.csv"


def test_sight_when_replicates_are_on_record_then_rests_on_their_spread(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    record(plan, plan.cells[0].cell.default, {0: 0.80, 1: 0.84})
    found = sight(planned(tmp_path), pairs=40)
    assert found is not None and found.origin == "records"
    spread = 2 * 0.02**2
    assert found.difference == pytest.approx(smallest_difference(2, (2 * spread) ** 0.5))


def test_sight_when_only_an_earlier_study_has_the_metric_then_says_which(tmp_path: Path) -> None:
    earlier = planned(tmp_path, name="earlier", axes={"optimiser.lr": (0.1,)})
    record(earlier, earlier.cells[0].cell.default, {0: 0.80, 1: 0.84})
    found = sight(planned(tmp_path), pairs=40)
    assert found is not None and (found.origin, found.about) == ("earlier", "earlier")


def test_sight_when_an_earlier_study_is_damaged_then_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "broken"
    folder.mkdir(parents=True)
    (folder / "study.json").write_text("{")
    found = sight(planned(tmp_path), pairs=40)
    assert found is not None and found.origin == "pairs"


def test_sight_when_nothing_is_on_record_then_is_the_floor_of_the_pairs(tmp_path: Path) -> None:
    found = sight(planned(tmp_path), pairs=6000)
    assert found is not None and (found.origin, found.about) == ("pairs", "6,000 pairs")
    deviation = (0.99 * 0.01 / 6000) ** 0.5
    assert found.difference == pytest.approx(smallest_difference(2, 2**0.5 * deviation))


def test_sight_when_there_is_one_seed_then_shows_nothing(tmp_path: Path) -> None:
    assert sight(planned(tmp_path, replicates={"seeds": (0,)}), pairs=6000) is None


def test_claims_when_read_from_a_published_table_then_compare_methods_in_each_condition() -> None:
    found = {claim.condition: claim for claim in claims(published.load(TABLE), "accuracy")}
    lfw = found["LFW, 20 % flips, 0 % outliers"]
    frame = published.load(TABLE)
    rows = frame[
        (frame["table"] == "retrain-closed-20") & (frame["benchmark"] == "LFW")
    ].sort_values("value")
    assert (lfw.best, lfw.second) == (rows["method"].iloc[-1], rows["method"].iloc[-2])
    values = rows["value"].tolist()
    assert lfw.gap == pytest.approx((values[-1] - values[-2]) / 100)
    assert lfw.spread == pytest.approx((values[-1] - values[0]) / 100)


def test_unseen_when_a_design_sees_half_a_point_then_are_the_smaller_gaps() -> None:
    table = pd.DataFrame(
        [
            {"method": m, "benchmark": b, "metric": "accuracy", "ratio": r, "table": "1"}
            for b, m, r in [
                ("one", "A", 0.90),
                ("one", "B", 0.89),
                ("two", "A", 0.900),
                ("two", "B", 0.898),
                ("alone", "A", 0.5),
            ]
        ]
    )
    found = claims(table, "accuracy")
    assert [claim.gap for claim in found] == pytest.approx([0.01, 0.002])
    assert [claim.condition for claim in unseen(found, 0.005)] == ["two, table 1"]


def test_claims_when_the_table_has_one_method_then_are_none() -> None:
    assert claims(published.load(TABLE.with_name("mhlr.csv")), "accuracy") == ()
