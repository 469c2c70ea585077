"""Whose findings a run is cleaned by: what is refused, which stages follow, what is counted."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.cleaning import findings
from frlib.core.config import canonical, digest, override, to_dict
from frlib.core.errors import ConfigError
from frlib.data.texts import texts
from frlib.denoise import boundary, subcenter_drop
from frlib.stages import digests
from frlib.stages import train as train_stage
from frlib.train import staged
from frlib.train.clean import DECIDE, EVIDENCE, LOOP, MODEL, Clean
from frlib.train.config import TrainConfig
from tests.unit.cleaning.worlds import nothing
from tests.unit.stages.runs import config, pipeline

DATA = {"train": "t0"}
CHANGES = {"head": {"name": "boundary", "first_corrected_epoch": 0}}
SEEN = {"rule": "subcenter_drop"}
ANGLED = {"rule": {"name": "subcenter_drop", "drop_angle_deg": 60}}


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """A file of findings."""
    silent = nothing("rule", texts(["a"]), ("ann",), np.array([0]))
    findings.write(silent, tmp_path / "listed.parquet")
    return tmp_path / "listed.parquet"


def _digests(**clean: Any) -> dict[str, str]:
    run = config(clean=clean)
    return digests(run, 0, DATA) | {"run": digest(run)}


@pytest.mark.parametrize(
    ("clean", "message"),
    [
        ({"rule": "boundary", "stage": "one"}, "rule and stage are set; expected one of"),
        ({"changes": {"epochs": 3}}, "changes is set without a rule"),
        ({"rounds": 2, "stage": "one"}, "rounds is set without a rule"),
        ({"mirrored": True, "stage": "one"}, "mirrored is set without a rule"),
        (
            {"mirrored": True, "rule": "oracle"},
            "mirrored is set, but rule 'oracle' judges no model",
        ),
        ({"sha256": "0" * 16}, "sha256='0000000000000000' is set without a path"),
        ({"sha256": "0" * 16, "rule": "boundary"}, "is set without a path"),
        ({"rounds": 0, "rule": "boundary"}, "rounds"),
        ({"apply": "keep", "rule": "boundary"}, "apply"),
        ({"rule": "bundary"}, r"'bundary': no such choice in frlib\.denoise.*did you mean"),
        ({"path": "gone.parquet"}, r"gone\.parquet: no such file"),
    ],
    ids=str,
)
def test_parse_when_the_origin_is_not_one_then_says_what_is_wrong(
    clean: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Clean.parse(clean)


@pytest.mark.parametrize(
    ("clean", "message"),
    [
        ({"stage": "listed"}, r"clean\.stage='listed': no such stage"),
        (SEEN | {"changes": {"epohcs": 1}}, r"stages\.clean\.model: changes: epohcs: .*'epochs'"),
        (SEEN | {"changes": {"clean.apply": "drop"}}, r"changes\.clean\.apply: the run of a stage"),
    ],
    ids=str,
)
def test_parse_when_a_run_cannot_be_cleaned_so_then_says_why(
    clean: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        config(clean=clean)


def test_parse_when_a_stage_finds_nothing_out_then_cannot_be_cleaned_by() -> None:
    run = {"stages": {"one": {"name": "train"}}, "clean": {"stage": "one"}}
    with pytest.raises(ConfigError, match="a train stage leaves no findings to clean by"):
        config(**run)


@pytest.mark.parametrize(
    "clean",
    [
        {},
        SEEN | {"changes": CHANGES, "rounds": 3, "apply": "drop"},
        ANGLED,
    ],
    ids=str,
)
def test_parse_when_written_as_json_then_reads_back_with_the_same_digest(
    clean: dict[str, Any],
) -> None:
    run = config(clean=clean)
    again = TrainConfig.parse(json.loads(json.dumps(to_dict(run), sort_keys=True)))
    assert again == run and digest(again) == digest(run)


def test_parse_when_a_file_is_meant_then_its_checksum_counts_and_its_place_does_not(
    listed: Path, tmp_path: Path
) -> None:
    run = config(clean={"path": str(listed)})
    copy = tmp_path / "elsewhere" / "copy.parquet"
    copy.parent.mkdir()
    copy.write_bytes(listed.read_bytes())
    assert len(run.clean.sha256) == 16
    assert digest(config(clean={"path": str(copy)})) == digest(run)
    told = json.loads(json.dumps(to_dict(run)))
    listed.unlink()
    assert TrainConfig.parse(told) == run, "a file that is elsewhere by now is still the same"
    copy.write_bytes(b"other findings")
    assert digest(config(clean={"path": str(copy)})) != digest(run)


def test_label_when_shown_then_says_rule_rounds_and_what_is_done(listed: Path) -> None:
    assert Clean().label == "none"
    assert Clean.parse(SEEN).label == "Sub-center drop"
    assert Clean.parse(ANGLED).label == "Sub-center drop (60°)"
    told = {"rule": "boundary", "rounds": 2, "apply": "relabel"}
    assert Clean.parse(told).label == f"2 x {boundary.label(boundary.Config())}, relabel"
    turned = SEEN | {"mirrored": True, "apply": "drop"}
    assert Clean.parse(turned).label == "Sub-center drop, mirrored, drop"
    silent = Clean.parse({"rule": "boundary", "rounds": 2})
    turned = Clean.parse({"rule": "boundary", "rounds": 2, "mirrored": True})
    assert turned.label == silent.label and turned.implied() == silent.implied()
    assert Clean.parse({"path": str(listed), "apply": "drop"}).label == "listed, drop"
    made = listed.parent / "0123abcd" / "findings.parquet"
    made.parent.mkdir()
    made.write_bytes(listed.read_bytes())
    assert Clean.parse({"path": str(made)}).label == "0123abcd/findings"
    assert Clean.parse({"stage": "findings"}).label == "findings"
    assert Clean.parse({"stage": "decided"}).label == "decided"


def test_implied_when_there_is_a_rule_then_its_stages_come_in_order() -> None:
    run = config(clean=SEEN | {"changes": CHANGES})
    assert staged.order(run) == (MODEL, EVIDENCE, DECIDE)
    assert run.clean.waits_for == DECIDE and run.stages == {}
    model = staged.every(run)[MODEL]
    assert isinstance(model, train_stage.Config) and model.clean == Clean()
    seen = staged.runs(run)[MODEL]
    assert seen.head.name == "boundary" and not seen.clean.is_on and run.head.name == "arcface"


def test_implied_when_there_are_rounds_then_a_loop_follows() -> None:
    run = config(clean=SEEN | {"rounds": 2})
    assert staged.order(run) == (MODEL, EVIDENCE, DECIDE, LOOP)
    assert run.clean.waits_for == LOOP


def test_implied_when_there_is_no_rule_then_no_stages(listed: Path) -> None:
    assert Clean().implied() == {}
    assert staged.order(config(clean={"path": str(listed)})) == ()


@pytest.mark.parametrize(
    ("rule", "sees"), [("boundary", ()), ("subcenter_drop", ("answers", "embeddings"))]
)
def test_implied_when_the_rule_looks_at_no_image_then_the_model_is_not_asked(
    rule: str, sees: tuple[str, ...]
) -> None:
    assert Clean.parse({"rule": rule}).implied()[EVIDENCE]["sees"] == sees


def test_digest_when_nothing_is_cleaned_then_says_nothing_of_it() -> None:
    assert "clean" not in config().counted()
    assert "clean" not in canonical(config(), places=False)
    without = {n: v for n, v in to_dict(config()).items() if n != "clean"}
    assert digest(TrainConfig.parse(without)) == digest(config())


def test_digest_when_nothing_is_cleaned_then_how_it_would_be_done_does_not_count() -> None:
    assert digest(config(clean={"apply": "drop"})) == digest(config())


def test_digests_when_rules_differ_then_arms_share_model_and_evidence() -> None:
    one, other = (
        _digests(rule={"name": "subcenter_drop", "drop_angle_deg": angle}) for angle in (70, 75)
    )
    assert one[MODEL] == other[MODEL] and one[EVIDENCE] == other[EVIDENCE]
    assert one[DECIDE] != other[DECIDE] and one["run"] != other["run"]


def test_digests_when_the_run_differs_in_what_is_changed_then_arms_share_all_stages() -> None:
    clean = SEEN | {"changes": CHANGES, "rounds": 2}
    arms = [config(clean=clean), config(clean=clean, head={"name": "cosface"})]
    assert digests(arms[0], 0, DATA) == digests(arms[1], 0, DATA)
    assert digest(arms[0]) != digest(arms[1])


@pytest.mark.parametrize("change", ["epochs=3", "noise.closed.ratio=0.2", "optimiser.lr=0.3"])
def test_digests_when_the_model_would_be_another_then_all_stages_are(change: str) -> None:
    run = config(clean=SEEN | {"rounds": 2})
    one, other = digests(run, 0, DATA), digests(override(run, [change]), 0, DATA)
    assert all(one[name] != other[name] for name in (MODEL, EVIDENCE, DECIDE, LOOP))
    changed = override(run, ['clean.changes={"head": "softmax"}'])
    assert digests(changed, 0, DATA)[MODEL] != one[MODEL] and digest(changed) != digest(run)


def test_digests_when_apply_differs_then_the_decision_is_shared_and_the_arm_is_not() -> None:
    one, other = _digests(**SEEN), _digests(**SEEN, apply="drop")
    assert [one[name] for name in (MODEL, EVIDENCE, DECIDE)] == [
        other[name] for name in (MODEL, EVIDENCE, DECIDE)
    ]
    assert one["run"] != other["run"]


@pytest.mark.parametrize(("rounds", "judges"), [(1, EVIDENCE), (2, LOOP)])
def test_digests_when_mirror_images_are_asked_for_then_the_model_alone_is_shared(
    rounds: int, judges: str
) -> None:
    one, other = (_digests(**SEEN, rounds=rounds, mirrored=which) for which in (False, True))
    assert [name for name in one if one[name] == other[name]] == [MODEL]
    told = staged.counted(config(clean=SEEN | {"rounds": rounds}))[judges]
    assert "mirrored" not in told, "records from before there was the choice keep their place"


def test_digests_when_there_are_rounds_then_the_first_is_shared_and_how_many_counts() -> None:
    once, twice, thrice, drop = (
        _digests(**SEEN, rounds=rounds, apply=apply)
        for rounds, apply in ((1, "both"), (2, "both"), (3, "both"), (2, "drop"))
    )
    assert once[DECIDE] == twice[DECIDE] == thrice[DECIDE] == drop[DECIDE]
    assert len({twice[LOOP], thrice[LOOP], drop[LOOP]}) == 3
    assert len({one["run"] for one in (once, twice, thrice, drop)}) == 4


def test_digests_when_stages_are_named_by_hand_then_those_of_the_rule_are_the_same() -> None:
    """What `clean.rule` brings with it is nothing that a config could not say itself."""
    by_hand = {
        "model": {"name": "train", "changes": CHANGES},
        "seen": {"name": "evidence", "model": "model"},
        "listed": {"name": "decide", "evidence": "seen", "rule": subcenter_drop.Config()},
    }
    told = digests(config(stages=by_hand, clean={"stage": "listed"}), 0, DATA)
    rule = digests(config(clean=SEEN | {"changes": CHANGES}), 0, DATA)
    assert list(told.values()) == list(rule.values())


def test_parse_when_every_kind_of_stage_is_used_then_all_are_told_in_order() -> None:
    run = pipeline()
    old = ("compat.features", "compat.summary")
    assert staged.order(run) == ("looked", "seen", "listed", "raised", "again", *old)
    again = TrainConfig.parse(json.loads(json.dumps(to_dict(run), sort_keys=True)))
    assert again == run and digests(again, 0, DATA) == digests(run, 0, DATA)


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (
            {"seen": {"name": "evidence", "model": "looked", "sees": ["answers"]}},
            r"stages\.listed: rule 'subcenter_drop' looks at embeddings, which stages\.seen does",
        ),
        (
            {
                "seen": {"name": "evidence", "model": "looked", "over": "whole"},
                "listed": {"name": "decide", "evidence": "seen", "rule": "boundary"},
            },
            r"rule 'boundary' looks at what the training decided.*set its over=\"trained\"",
        ),
        (
            {"listed": {"name": "decide", "evidence": "looked"}},
            r"stages\.listed: evidence='looked': a train stage is no evidence",
        ),
        (
            {"seen": {"name": "evidence", "model": "listed"}},
            "listed needs seen needs listed|seen needs listed needs seen",
        ),
        ({"seen": {"name": "evidence", "model": "loked"}}, "no such stage.*did you mean 'looked'"),
    ],
    ids=["lacking", "whole", "no evidence", "circle", "misspelt"],
)
def test_parse_when_a_decision_has_not_what_it_looks_at_then_says_so(
    stages: dict[str, Any], message: str
) -> None:
    whole = {
        "looked": {"name": "train"},
        "listed": {"name": "decide", "evidence": "seen", "rule": "subcenter_drop"},
    }
    with pytest.raises(ConfigError, match=message):
        config(stages=whole | stages, clean={"stage": "listed"})


def test_parse_when_an_evidence_stage_names_a_stage_that_trains_nothing_then_says_so() -> None:
    stages = {
        "model": {"name": "train"},
        "one": {"name": "evidence", "model": "model"},
        "two": {"name": "evidence", "model": "one"},
        "listed": {"name": "decide", "evidence": "two"},
    }
    with pytest.raises(ConfigError, match="model='one': an evidence stage trains no model"):
        config(stages=stages, clean={"stage": "listed"})


def test_parse_when_a_stage_is_cleaned_by_a_rule_then_names_the_way_out() -> None:
    stages = {"one": {"name": "train", "clean": {"rule": "boundary"}}}
    with pytest.raises(ConfigError, match=r"name the stage that decides \(clean\.stage\)"):
        config(stages=stages, start={"stage": "one"})
