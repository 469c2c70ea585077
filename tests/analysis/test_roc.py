"""ROC and DET: points against counting, intervals, what is marked, and the files they come from."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.figures import roc, style
from frlib.core.errors import ConfigError, DataError
from frlib.stats.intervals import binomial_interval
from tests.benchmarks.run import run as frlib


def _table(genuine: int = 60, impostors: int = 300, seed: int = 0) -> pa.Table:
    draw = np.random.default_rng(seed)
    same = np.arange(genuine + impostors) < genuine
    return pa.table({"same": same, "score": np.round(draw.normal(same * 1.5), 1)})


def test_curve_when_scores_tie_then_every_point_is_counted() -> None:
    table = _table()
    score, same = table["score"].to_numpy(), table["same"].to_numpy()
    found = roc.curve("a", table)
    thresholds = np.r_[np.inf, np.unique(score)[::-1]]
    np.testing.assert_array_equal(found.far, [(score[~same] >= t).mean() for t in thresholds])
    np.testing.assert_array_equal(found.tar, [(score[same] >= t).mean() for t in thresholds])
    assert (found.genuine, found.impostors, found.by_people) == (60, 300, False)


def test_curve_when_no_people_are_named_then_bands_are_exact_binomial() -> None:
    found = roc.curve("a", _table())
    for far, low, high in zip(found.at, found.low, found.high, strict=True):
        tar = found.tar[found.far == far].max()
        wanted = [binomial_interval(round(60 * t), 60) for t in found.tar[found.far == far]]
        assert any((one.low, one.high) == (low, high) for one in wanted)
        assert low <= tar
    assert len(found.at) > 10


def test_curve_when_people_are_shared_then_bands_are_wider() -> None:
    table = _table()
    same = table["same"].to_numpy()
    names = np.where(same, np.arange(len(same)) % 4, np.arange(len(same)))
    score = table["score"].to_numpy() + same * (names % 2)
    plain = pa.table({"same": same, "score": score})
    shared = plain.append_column("left_person", pa.array(names))
    shared = shared.append_column("right_person", pa.array(names + ~same))
    by_pair, by_people = roc.curve("a", plain), roc.curve("a", shared)
    assert by_people.by_people
    assert (by_people.high - by_people.low).mean() > 1.3 * (by_pair.high - by_pair.low).mean()


@pytest.mark.parametrize("what", ["nan", "genuine", "impostors"])
def test_curve_when_scores_make_none_then_error_names_the_run(what: str) -> None:
    table = {"nan": _table(3, 3), "genuine": _table(0, 5), "impostors": _table(5, 0)}[what]
    if what == "nan":
        table = table.set_column(1, "score", pa.array([np.nan, 1, 2, 3, 4, 5]))
    with pytest.raises(DataError, match=r"run-7: .* genuine of"):
        roc.curve("run-7", table)


def test_figure_when_few_impostors_support_a_part_then_it_is_dashed_and_shaded() -> None:
    axes = roc.draw({"a": _table()}).axes[0]
    dashed, solid = axes.lines
    assert dashed.get_linestyle() == "--"
    assert solid.get_linestyle() == "-"
    assert min(solid.get_xdata()) >= roc.ENOUGH / 300 > min(dashed.get_xdata())
    span = axes.patches[0].get_extents().transformed(axes.transData.inverted())
    assert span.x1 == pytest.approx(roc.ENOUGH / 300)


def test_read_when_files_share_a_stem_or_hold_runs_then_every_run_has_a_name(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / "a" / "x.parquet", tmp_path / "b" / "x.parquet"]
    for path in paths:
        path.parent.mkdir()
        pq.write_table(_table(5, 5), path)
    assert [Path(name).parent.name for name in roc.read(paths)] == ["a", "b"]
    runs = _table(5, 5).append_column("run", pa.array(["p", "q"] * 5))
    pq.write_table(runs, tmp_path / "y.parquet")
    assert {k: len(v) for k, v in roc.read([tmp_path / "y.parquet"]).items()} == {"p": 5, "q": 5}


def test_read_when_a_column_is_missing_then_error_says_what_is_there(tmp_path: Path) -> None:
    pq.write_table(pa.table({"score": [1.0]}), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"no column same; found score"):
        roc.read([tmp_path / "x.parquet"])


def test_figure_when_there_are_more_runs_than_colours_then_usage_error() -> None:
    with pytest.raises(ConfigError, match="7 runs"):
        roc.draw({str(i): _table() for i in range(7)})


@pytest.mark.parametrize("suffix", style.SUFFIXES)
def test_command_when_drawn_twice_then_equal_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    pq.write_table(_table(), tmp_path / "x.parquet")
    outs = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for out in outs:
        words = ("eval", "draw", str(tmp_path / "x.parquet"), "--out", str(out))
        assert frlib(monkeypatch, *words) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
