"""A contest of the little study: played when its grid is on record, and again when that changes."""

import dataclasses
import logging
from pathlib import Path

import pytest

from frlib.core import safeio
from frlib.core.errors import RecordError, StoppedError
from frlib.core.space import Uniform
from frlib.launch import contest
from frlib.launch.session import Unwatched
from frlib.records import contests
from frlib.samplers import grid, random
from frlib.study.contest import Contest, Strategy
from frlib.study.plan import Plan, make
from frlib.study.search import Search
from tests.unit.study.recorded import little, record

SPACE = {"optimiser.lr": Uniform(low=0.1, high=0.3)}
WORTH = {0.1: 0.6, 0.2: 0.9, 0.3: 0.7}
EVERY = Search(arms_per_cell=3, sampler=grid.Config(points=3))
ASKED = Contest(
    strategies=(
        Strategy(label="grid", search=EVERY),
        Strategy(label="random", search=Search(arms_per_cell=2, sampler=random.Config())),
    ),
    repeats=3,
)


def _plan(store: Path, asked: Contest = ASKED) -> Plan:
    study = little(axes={"head.margin": (0.1, 0.2)}, space=SPACE, search=EVERY, contest=asked)
    return make(study, store)


def _recorded(store: Path, *, cells: int = 2, rates: int = 3) -> Plan:
    plan = _plan(store)
    for one in plan.cells[:cells]:
        for rate, worth in list(WORTH.items())[:rates]:
            arm = one.cell.arm({"optimiser.lr": rate})
            record(plan, arm, {0: worth, 1: worth + 0.02})
    return _plan(store)


def test_run_when_the_grid_is_on_record_then_every_search_is_written_down(tmp_path: Path) -> None:
    plan = _recorded(tmp_path)
    contest.run(plan, Unwatched())
    found = contests.read(plan.folder)
    rows = found.rows.to_pandas()
    assert set(found.grids) == {one.cell.digest for one in plan.cells}
    ended = rows.groupby(["cell", "strategy", "repeat"])["arms"].max().groupby("strategy").agg(list)
    assert ended.to_dict() == {"grid": [3] * 6, "random": [2] * 6}
    for one in plan.cells:
        last = rows[(rows["cell"] == one.cell.digest) & (rows["strategy"] == "grid")].iloc[-1]
        assert last["best"] == one.cell.arm({"optimiser.lr": 0.2}).digest
        assert last["value"] == pytest.approx(0.91)
        assert last["seconds"] == pytest.approx(found.grids[one.cell.digest].seconds)


def test_run_when_time_is_levelled_then_epochs_take_the_mean_and_all_takes_what_it_did(
    tmp_path: Path,
) -> None:
    plan = _recorded(tmp_path)
    for number, path in enumerate(sorted(plan.folder.glob("arms/*/r*/a*/run.json"))):
        safeio.write_json(path, safeio.read_json(path) | {"seconds": float(number)})
    plan = _plan(tmp_path, ASKED.model_copy(update={"levelled": True}))
    contest.run(plan, Unwatched())
    found = contests.read(plan.folder)
    rows = found.rows.to_pandas()
    assert sum(one.seconds for one in found.grids.values()) == pytest.approx(sum(range(12)))
    for cell, one in found.grids.items():
        assert one.default_seconds == pytest.approx(one.seconds / 3)
        mine = rows[(rows["cell"] == cell) & (rows["arms"] == 2)]
        assert mine["clock"].to_numpy() == pytest.approx(one.seconds / 3)


def test_run_when_nothing_changed_then_nothing_is_played_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = _recorded(tmp_path)
    contest.run(plan, Unwatched())
    before = (plan.folder / contests.NAME).read_bytes()
    monkeypatch.setattr(contest, "play", None)
    contest.run(_plan(tmp_path), Unwatched())
    assert (plan.folder / contests.NAME).read_bytes() == before


def test_run_when_the_contest_or_the_records_change_then_it_is_played_anew(tmp_path: Path) -> None:
    plan = _recorded(tmp_path)
    contest.run(plan, Unwatched())
    first = contests.read(plan.folder)
    contest.run(_plan(tmp_path, ASKED.model_copy(update={"repeats": 4})), Unwatched())
    second = contests.read(plan.folder)
    assert set(second.rows["repeat"].to_pylist()) == {0, 1, 2, 3}
    cell = plan.cells[0].cell
    record(plan, cell.arm({"optimiser.lr": 0.2}), {0: 0.1, 1: 0.1})
    contest.run(_plan(tmp_path, ASKED.model_copy(update={"repeats": 4})), Unwatched())
    third = contests.read(plan.folder)
    sources = [{key: one.source for key, one in f.grids.items()} for f in (first, second, third)]
    other = plan.cells[1].cell.digest
    assert sources[0][other] != sources[1][other] == sources[2][other]
    assert sources[1][cell.digest] != sources[2][cell.digest]
    best = third.rows.to_pandas().query("cell == @cell.digest and strategy == 'grid'").iloc[-1]
    assert best["best"] == cell.arm({"optimiser.lr": 0.3}).digest


def test_run_when_a_grid_is_not_all_on_record_then_says_so_and_plays_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plan = _recorded(tmp_path, cells=1)
    record(plan, plan.cells[1].cell.default, {0: 0.5}, verdict="")
    with caplog.at_level(logging.WARNING):
        contest.run(_plan(tmp_path), Unwatched())
    assert "0.2}: 3 arms of its grid are not on record" in caplog.text
    assert set(contests.read(plan.folder).grids) == {plan.cells[0].cell.digest}


def test_run_when_a_grid_is_whole_no_more_then_its_searches_are_gone(tmp_path: Path) -> None:
    plan = _recorded(tmp_path)
    contest.run(plan, Unwatched())
    cell = plan.cells[1].cell
    (plan.folder / "arms" / cell.default.digest / "verdict.json").unlink()
    contest.run(_plan(tmp_path), Unwatched())
    assert set(contests.read(plan.folder).grids) == {plan.cells[0].cell.digest}


def test_run_when_asked_to_stop_then_stops_and_keeps_what_is_whole(tmp_path: Path) -> None:
    class Patience(Unwatched):
        left = 8

        def stopping(self) -> bool:
            self.left -= 1
            return self.left < 0

    plan = _recorded(tmp_path)
    with pytest.raises(StoppedError, match="while searches were played in cell 2 of 2"):
        contest.run(plan, Patience())
    assert set(contests.read(plan.folder).grids) == {plan.cells[0].cell.digest}
    contest.run(_plan(tmp_path), Unwatched())
    assert len(contests.read(plan.folder).grids) == 2


def test_read_when_the_file_is_damaged_then_says_what_to_do(tmp_path: Path) -> None:
    plan = _recorded(tmp_path)
    assert contests.read(plan.folder).grids == {}
    contest.run(plan, Unwatched())
    path = plan.folder / contests.NAME
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordError, match=r"contest\.parquet: damaged.*Delete it"):
        contests.read(plan.folder)


def test_contests_when_written_and_read_then_equal(tmp_path: Path) -> None:
    plan = _recorded(tmp_path)
    contest.run(plan, Unwatched())
    found = contests.read(plan.folder)
    contests.write(tmp_path, found)
    again = contests.read(tmp_path)
    assert again.grids == found.grids
    assert again.rows.equals(found.rows)
    cell = plan.cells[0].cell.digest
    assert set(again.only({cell}).rows["cell"].to_pylist()) == {cell}
    assert again.only(set()) == contests.Contests()
    assert dataclasses.asdict(again.grids[cell])["arms"]
