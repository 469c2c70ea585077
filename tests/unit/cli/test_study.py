"""`frlib study plan | status | stop | resume | diff` on a tiny study."""

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from frlib.cli.main import app
from frlib.core import safeio
from frlib.core.errors import ClusterError, ConfigError, RecordError
from frlib.launch.study import record_design
from frlib.records import layout
from frlib.study.find import recorded
from frlib.study.plan import make
from tests.unit.study.recorded import REPORT, little, planned, record

FILE = str(Path(__file__).parents[1] / "study" / "little.py")


def _run(*words: str) -> str:
    result = CliRunner().invoke(app, ["study", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def _plan(store: Path, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_run("plan", FILE, "--store", str(store), "--json", *more))
    return found


def test_show_when_slots_are_searched_then_every_module_stands_over_its_own_fields() -> None:
    lines = [" ".join(line.split()) for line in _run("show", "composition_search").splitlines()]
    at = lines.index("head.margin searched: one of")
    assert lines[at + 1 : at + 4] == ["none", "arc", "margin searched: uniform 0.1 to 0.5"]
    assert "pruning racing (first_epoch 4)" in lines
    assert any(line.startswith("search arms_per_cell 32, limits Limits (memory") for line in lines)
    assert any(line.startswith("base.epochs = 8") for line in lines)


def test_plan_when_nothing_is_on_record_then_says_what_is_not_known(tmp_path: Path) -> None:
    facts = _plan(tmp_path)
    assert (facts["cells"], facts["arms"], facts["runs_left_at_most"]) == (2, 2, 4)
    assert facts["seconds_per_run"] is None and facts["wall_seconds_at_most"] is None
    assert facts["smallest_detectable_difference_from"] == "pairs"
    assert facts["where"]["name"] == "this machine" and facts["where"]["at_a_time"] >= 1
    assert facts["disk"]["decoded"] > 0 and facts["workloads"][0]["device_bytes"] > 0
    assert len(facts["first_configs"]) == 2
    assert facts["first_configs"][0]["head"]["margin"] == 0.1


def test_plan_when_printed_then_names_what_a_researcher_asks(tmp_path: Path) -> None:
    shown = _run("plan", FILE, "--store", str(tmp_path), "--verbose")
    for part in ("--probe 120", "memory", "disk", "energy", "shows", "rough guide", "config 1"):
        assert part in shown
    assert "head.margin = 0.1" in shown


def test_plan_when_probed_then_time_is_known_and_kept_and_nothing_else_is_left(
    tmp_path: Path,
) -> None:
    facts = _plan(tmp_path, "--probe", "0.5")
    assert facts["seconds_from"] == ["probe"] and facts["seconds_per_run"] > 0
    files = [p.name for p in (tmp_path / "studies").rglob("*") if p.is_file()]
    assert files == ["probe.json"]
    assert facts["disk"]["decoded"] == 0
    again = _plan(tmp_path)
    assert again["seconds_per_run"] == pytest.approx(facts["seconds_per_run"])
    longer = _plan(tmp_path, "--set", "base.epochs=6")
    assert longer["seconds_per_run"] > again["seconds_per_run"]


def test_plan_when_the_probe_was_elsewhere_then_says_it_is_stale(tmp_path: Path) -> None:
    _plan(tmp_path, "--probe", "0.5")
    path = tmp_path / "studies/little/probe.json"
    found = safeio.read_json(path)
    found["hardware"]["processor"] = "Another 9000"
    safeio.write_json(path, found)
    facts = _plan(tmp_path)
    assert facts["probe"] is None and facts["seconds_per_run"] is None
    assert "processor was Another 9000" in facts["probe_stale"]
    path.write_text(json.dumps(found | {"samples": 3}))
    with pytest.raises(RecordError, match=r"probe\.json.*probe again"):
        _plan(tmp_path)


def test_plan_when_runs_are_on_record_then_they_win_and_energy_is_theirs(tmp_path: Path) -> None:
    _plan(tmp_path, "--probe", "0.5")
    plan = planned(tmp_path)
    record(plan, plan.cells[0].cell.default, {0: 0.7, 1: 0.9}, more={"cost/joules": 3.6e6})
    facts = _plan(tmp_path)
    assert facts["seconds_from"] == ["records"]
    assert facts["smallest_detectable_difference_from"] == "records"
    assert facts["energy"]["kwh"] == pytest.approx(2.0)
    assert facts["runs_done"] == 2


def test_plan_when_the_study_is_another_of_its_name_then_says_run_would_refuse(
    tmp_path: Path,
) -> None:
    record_design(planned(tmp_path))
    assert "base.epochs 2 -> 6" in _plan(tmp_path, "--set", "base.epochs=6")["run_would_refuse"]
    with pytest.raises(ConfigError, match="--revise"):
        _run("run", FILE, "--store", str(tmp_path), "--no-mlflow", "--set", "base.epochs=6")


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_verbs_when_the_store_cannot_be_written_then_error_before_anything(
    tmp_path: Path, verb: str
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        _run(verb, FILE, "--store", str(tmp_path / "file" / "store"))


@pytest.mark.parametrize("verb", ["plan", "run"])
@pytest.mark.parametrize("file", ["arm.json", "r0/a0/run.json"])
def test_verbs_when_a_record_is_of_a_newer_schema_then_error_names_it(
    tmp_path: Path, verb: str, file: str
) -> None:
    plan = planned(tmp_path)
    arm = plan.cells[0].cell.default
    record(plan, arm, {0: 0.7})
    path = layout.arm_folder(plan.folder, arm.digest) / file
    safeio.write_json(path, safeio.read_json(path) | {"schema": 99})
    with pytest.raises(RecordError, match="record schema 99"):
        _run(verb, FILE, "--store", str(tmp_path))


def test_plan_when_no_machine_holds_a_run_then_says_so_and_goes_on(tmp_path: Path) -> None:
    facts = _plan(tmp_path, "--set", "resources.cpus_per_worker=100000")
    assert facts["where"]["at_a_time"] is None
    assert "Lower resources.cpus_per_worker" in facts["where"]["why_not"]
    assert facts["wall_seconds_at_most"] is None


def test_plan_when_the_set_is_imagined_then_needs_no_data_and_a_rate_gives_the_time(
    tmp_path: Path,
) -> None:
    words = ("mhlr_one_gpu", "--like", "casia", "--store", str(tmp_path))
    facts = json.loads(_run("plan", *words, "--rate", "1000", "--json"))
    images = 490_623 // 128 * 128
    runs = facts["runs_left_at_most"]
    assert runs == 16
    lengths = (5, 5, 5, 20)
    wanted = 4 * sum(lengths) * images / 1000
    assert facts["seconds_left_at_most"] == pytest.approx(wanted)
    assert not list(tmp_path.rglob("*.parquet"))
    assert "as if the training set had the size of casia" in _run("plan", *words)
    with pytest.raises(ConfigError, match="cannot be trained on"):
        _run("plan", *words, "--probe", "1")


def test_plan_when_runs_need_stages_then_they_are_listed_and_take_time_and_room(
    tmp_path: Path,
) -> None:
    words = ("--set", 'base.clean={"rule": "subcenter_drop"}')
    bare, facts = _plan(tmp_path), _plan(tmp_path, *words)
    assert bare["stages"] == {} and bare["disk"]["stages"] == 0
    assert facts["stages"]["train"] == {"needed": 4, "there": 0}
    assert (facts["stage_trainings_at_most"], facts["stage_passes_at_most"]) == (4, 4)
    assert facts["disk"]["stages"] > facts["disk"]["models"] == bare["disk"]["models"]
    assert len(facts["workloads"]) == 1, "cleaning is no workload of its own"
    shown = _run("plan", FILE, "--store", str(tmp_path), *words)
    assert "stages   train 4, evidence 4, decide 4, once each for all" in shown
    assert "0 of 12 are there, the others take 4 trainings and 4 passes" in shown
    assert "stages" not in _run("plan", FILE, "--store", str(tmp_path))


def test_plan_when_the_set_is_imagined_then_stages_count_as_well(tmp_path: Path) -> None:
    words = ("denoise_bench", "--like", "casia", "--store", str(tmp_path), "--rate", "1000")
    facts = json.loads(_run("plan", *words, "--json", "--set", "replicates.seeds=[0]"))
    stages = facts["seconds_of_stages_at_most"]
    runs = facts["runs_left_at_most"]
    assert facts["seconds_left_at_most"] == pytest.approx(runs * facts["seconds_per_run"] + stages)
    epoch = 490_623 // 64 * 64 / 1000
    trainings, passes = facts["stage_trainings_at_most"], facts["stage_passes_at_most"]
    assert stages == pytest.approx((8 * trainings + passes / 3) * epoch)


def test_plan_when_a_stage_is_the_costliest_work_then_it_is_probed(tmp_path: Path) -> None:
    before = {"pretrain": {"name": "train", "changes": {"batch_size": 16, "epochs": 1}}}
    words = (
        *("--set", f"base.stages={json.dumps(before)}"),
        *("--set", 'base.start={"stage": "pretrain"}'),
    )
    facts = _plan(tmp_path, "--probe", "0.5", *words)
    assert [one["what"] for one in facts["probe"]["samples"]] == [
        "tiny, arcface, batch 8",
        "tiny, arcface, batch 16",
    ]
    assert facts["seconds_of_stages_at_most"] > 0
    assert facts["wall_seconds_at_most"] > facts["seconds_of_stages_at_most"] / 8


def test_plan_when_a_terminal_is_narrow_then_lines_go_on_below_their_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    narrow = Console(file=out, force_terminal=True, width=60, color_system=None, highlight=False)
    monkeypatch.setattr("frlib.cli.study.plan_page.console", narrow)
    _run("plan", FILE, "--store", str(tmp_path))
    lines = out.getvalue().splitlines()[1:]
    assert all(len(line) <= 60 for line in lines)
    (at,) = (n for n, line in enumerate(lines) if line.startswith("  memory   "))
    assert lines[at + 1].startswith(" " * 11) and lines[at + 1][11] != " "


def test_status_when_arms_need_stages_then_says_which_the_store_has(tmp_path: Path) -> None:
    plan = planned(tmp_path, axes={"clean": ({"rule": "loss_quantile"},)})
    record(plan, plan.cells[0].cell.default, {0: 0.7}, verdict="")
    shown = _run("status", "little", "--store", str(tmp_path))
    told = "stages of these arms in the store: train 0 of 2, evidence 0 of 2, decide 0 of 2"
    assert told in shown
    facts = json.loads(_run("status", "little", "--store", str(tmp_path), "--json"))
    assert facts["stages"]["decide"] == {"needed": 2, "there": 0}


def test_status_when_read_then_has_best_and_counts(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    record(plan, plan.cells[0].cell.default, {0: 0.7, 1: 0.9})
    record(plan, plan.cells[1].cell.default, {}, verdict="failed", message="NaN at step 3")
    shown = _run("status", "little", "--store", str(tmp_path))
    assert "nothing runs it now" in shown and "NaN at step 3" in shown
    assert "0.8000 ± 1.2706 (n = 2)" in shown
    facts = json.loads(_run("status", "little", "--store", str(tmp_path), "--json"))
    assert facts["cells"][0]["best"]["value"] == pytest.approx(0.8)
    assert facts["cells"][1]["best"] is None


def test_stop_when_nothing_runs_then_error_says_so(tmp_path: Path) -> None:
    record_design(planned(tmp_path))
    with pytest.raises(ClusterError, match="nothing to stop"):
        _run("stop", "little", "--store", str(tmp_path))


@pytest.mark.parametrize("verb", ["status", "stop", "resume"])
def test_verbs_when_the_study_is_not_recorded_then_error_names_the_nearest(
    tmp_path: Path, verb: str
) -> None:
    record_design(planned(tmp_path))
    with pytest.raises(RecordError, match="did you mean 'little'"):
        _run(verb, "litle", "--store", str(tmp_path))


def test_recorded_when_a_study_was_written_down_then_is_the_same_value(tmp_path: Path) -> None:
    record_design(planned(tmp_path))
    assert recorded(tmp_path, "little") == little()
    path = tmp_path / "studies/little/study.json"
    safeio.write_json(path, safeio.read_json(path) | {"pace": 1})
    with pytest.raises(RecordError, match=r"study\.json.*\n.*another frlib"):
        recorded(tmp_path, "little")


def test_diff_when_a_file_is_set_beside_its_record_then_names_fields_and_cells(
    tmp_path: Path,
) -> None:
    plan = planned(tmp_path, axes={"head.margin": (0.2, 0.3)}, replicates={"seeds": (0,)})
    record(plan, plan.cells[0].cell.default, {0: 0.7})
    record(plan, plan.cells[1].cell.default, {0: 0.7})
    words = ("diff", FILE, "store:little", "--store", str(tmp_path))
    facts = json.loads(_run(*words, "--json"))
    assert {one["path"] for one in facts["fields"]} == {"axes.head.margin", "replicates.seeds"}
    assert facts["cells_only_in_a"] == [{"head.margin": 0.1}]
    assert facts["cells_only_in_b"] == [{"head.margin": 0.3}]
    assert facts["cells_in_both"] == [{"head.margin": 0.2}]
    assert facts["arms_on_record_of_both"] == [plan.cells[0].cell.default.digest]
    shown = _run(*words)
    assert "Cells in both: 1" in shown and "Arms on record of cells in both: 1" in shown


def test_plan_when_a_study_has_ten_thousand_cells_then_takes_seconds(tmp_path: Path) -> None:
    hundred = tuple(0.001 * n for n in range(1, 101))
    study = little(axes={"head.margin": hundred, "optimiser.lr": hundred}, report=(REPORT,))
    small = planned(tmp_path)
    record(small, small.cells[0].cell.default, {0: 0.7})
    began = time.process_time()
    assert make(study, tmp_path).arms == 10_000
    assert time.process_time() - began < 10, "it takes about 3 s of one core"
