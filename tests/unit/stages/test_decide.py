"""The stage that decides: its findings are a rule's, told of the set as it was at first."""

from pathlib import Path

import numpy as np
import pytest
import torch

from frlib.cleaning import evidence as folder
from frlib.cleaning import findings
from frlib.cleaning.composed import compose
from frlib.cleaning.findings import Findings
from frlib.core.errors import ConfigError
from frlib.data.prepare import prepare
from frlib.denoise import oracle, subcenter_drop
from frlib.stages import decide, digests
from frlib.train import staged
from frlib.train.clean import DECIDE, EVIDENCE
from frlib.train.config import TrainConfig
from frlib.train.place import Place
from tests.unit.stages.runs import config, job, produced


class _Second:
    """The second of two workers, who is asked for nothing that both do together."""

    rank, size = 1, 2


def _same(one: Findings, other: Findings) -> bool:
    columns = ("ids", "is_flagged")
    people = [
        [[each.identities[n] if n >= 0 else "" for n in labels] for labels in columns_]
        for each, columns_ in ((f, (f.given, f.proposed)) for f in (one, other))
    ]
    told = all(getattr(one, n).tolist() == getattr(other, n).tolist() for n in columns)
    close = np.allclose(one.suspicion, other.suspicion, rtol=0, atol=1e-7)
    return told and close and people[0] == people[1] and one.kind == other.kind


def test_produce_when_there_is_evidence_then_the_findings_of_the_rule(tmp_path: Path) -> None:
    run = config(clean={"rule": {"name": "subcenter_drop", "drop_angle_deg": 70}})
    made = produced(run, tmp_path, last=EVIDENCE)
    out = tmp_path / "out"
    facts = decide.produce(job(run, DECIDE, tmp_path, made), out)
    wanted = subcenter_drop.decide(
        folder.read(made[EVIDENCE]), subcenter_drop.Config(drop_angle_deg=70)
    )
    found = findings.read(decide.findings(out))
    assert _same(found, wanted) and wanted.is_flagged.any()
    assert facts["samples"] == len(wanted) and facts["proposed"] == 0
    assert facts["flagged"] == int(wanted.is_flagged.sum()) and facts["rule"] == wanted.facts
    assert found.facts == wanted.facts and found.true is not None


def test_produce_when_it_is_not_the_first_worker_then_nothing_is_written(tmp_path: Path) -> None:
    run = config(clean={"rule": "oracle"})
    made = produced(run, tmp_path, last=EVIDENCE)
    second = Place(torch.device("cpu"), _Second())  # type: ignore[arg-type]
    assert decide.produce(job(run, DECIDE, tmp_path, made, place=second), tmp_path / "out") == {}
    assert not (tmp_path / "out").exists()


def _twice(over: str) -> TrainConfig:
    stages = {
        "model": {"name": "train"},
        "seen": {"name": "evidence", "model": "model", "sees": []},
        "listed": {
            "name": "decide",
            "evidence": "seen",
            "rule": {"name": "oracle", "relabel": False},
        },
        "second": {"name": "train", "clean": {"stage": "listed"}},
        "seen_again": {"name": "evidence", "model": "second", "over": over},
        "last": {"name": "decide", "evidence": "seen_again", "rule": "subcenter_drop"},
    }
    return config(stages=stages, clean={"stage": "last"})


def test_produce_when_the_model_was_cleaned_then_both_findings_are_told_together(
    tmp_path: Path,
) -> None:
    made = produced(_twice("trained"), tmp_path)
    first, last = (findings.read(decide.findings(made[name])) for name in ("listed", "last"))
    seen = folder.read(made["seen_again"])
    now = subcenter_drop.decide(seen, subcenter_drop.Config())
    assert _same(last, compose(first, "both", now))
    assert last.ids.tolist() == first.ids.tolist() and len(now) < len(first)
    assert last.is_flagged[first.is_flagged].all() and last.kind == "subcenter_drop"


def test_produce_when_the_whole_set_is_judged_again_then_what_was_dropped_can_come_back(
    tmp_path: Path,
) -> None:
    made = produced(_twice("whole"), tmp_path)
    first, last = (findings.read(decide.findings(made[name])) for name in ("listed", "last"))
    seen = folder.read(made["seen_again"])
    assert _same(last, subcenter_drop.decide(seen, subcenter_drop.Config()))
    assert last.ids.tolist() == first.ids.tolist()


def test_begun_when_the_stages_are_done_then_the_run_is_cleaned_by_the_file(
    tmp_path: Path,
) -> None:
    run = config(clean={"rule": "oracle", "apply": "relabel"})
    left = staged.begun(run, produced(run, tmp_path))
    assert left.clean.path.endswith(decide.FILE) and left.clean.apply == "relabel"
    assert staged.order(left) == () and left.clean.sha256
    assert left.model_copy(update={"clean": run.clean}) == run


def test_produce_when_the_truth_is_told_then_the_oracle_names_it(tmp_path: Path) -> None:
    run = config(clean={"rule": "oracle"})
    made = produced(run, tmp_path)
    found = findings.read(decide.findings(made[DECIDE]))
    train = prepare(run.data, run.noise, 0, tmp_path).train
    assert found.is_flagged.tolist() == (train.labels != train.true_labels).tolist()
    assert found.kind == oracle.Config().name and found.relabelled().sum() > 0


@pytest.mark.parametrize("seed", [0, 1])
def test_digests_when_replicates_differ_then_their_findings_do(seed: int) -> None:
    run = config(clean={"rule": "oracle"})
    told = {name: digests(run, seed, {"train": "t0"})[name] for name in (EVIDENCE, DECIDE)}
    other = digests(run, seed + 1, {"train": "t0"})
    assert all(told[name] != other[name] for name in told)


def test_parse_when_the_head_takes_no_such_decisions_then_says_so() -> None:
    with pytest.raises(ConfigError, match="decisions of kind 'boundary', and the head 'arcface'"):
        config(clean={"rule": "boundary"})
    corrected = {"head": {"name": "repface", "margin": 0.2}}
    with pytest.raises(ConfigError, match="takes 'progressive'"):
        config(clean={"rule": "boundary", "changes": corrected})
    assert config(clean={"rule": "groups", "changes": corrected}).clean.is_on
