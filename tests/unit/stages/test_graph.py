"""Stages of a run: names, order, what is refused, what the digests cover."""

import json
from pathlib import Path
from typing import Any

import pytest

from frlib.core.config import Config, canonical, digest, get_path, override, to_dict
from frlib.core.errors import ConfigError
from frlib.data.sources import image_folder
from frlib.heads.presets import arcface, cosface
from frlib.stages import costs, digests, digests_by_seed
from frlib.stages import train as stage
from frlib.train import staged as graph
from frlib.train.config import TrainConfig
from tests.unit.stages.runs import config, pipeline, staged

DATA = {"train": "t0", "faces/images": "f0"}


def _chain(**starts: str | None) -> dict[str, Any]:
    """name -> the stage that it starts from."""
    return {
        name: {"name": "train", "start": {"stage": one} if one else None}
        for name, one in starts.items()
    }


def _digest(run: TrainConfig, seed: int = 0, datasets: dict[str, str] = DATA) -> str:
    return digests(run, seed, datasets)["pretrain"]


def test_parse_when_stages_are_there_then_reads_back_from_json_with_the_same_digest() -> None:
    run = staged(stages={"pretrain": {"name": "train", "changes": {"head": cosface.Config()}}})
    again = TrainConfig.parse(json.loads(json.dumps(to_dict(run), sort_keys=True)))
    assert again == run and digest(again) == digest(run)


def test_digest_when_there_are_no_stages_then_says_nothing_of_them() -> None:
    assert "stage" not in canonical(config(), places=False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": {"stage": "pretran"}}, r"start\.stage='pretran': no such stage \(did you mean"),
        ({"stages": {}}, r'no such stage\. Stages: none; add stages=\{"pretrain"'),
        ({"start": None}, r"stages\.pretrain: nothing uses it"),
        ({"start": {"path": "x", "stage": "pretrain"}}, "expected one of the two"),
        ({"start": {"stage": "pretrain", "sha256": "0" * 16}}, "leave it empty"),
        ({"start": {}}, "expected one of the two"),
        ({"stages": _chain(pretrain="pretrain")}, "pretrain needs pretrain"),
        ({"stages": _chain(pretrain="b", b="c", c="b")}, "b needs c needs b"),
        ({"stages": _chain(pretrain="b")}, r"stages\.pretrain='b': no such stage"),
        ({"stages": _chain(pretrain=None, other="pretrain")}, r"stages\.other: nothing uses it"),
        ({"stages": {"pretrain": "trian"}}, r"'trian': no such choice in frlib\.stages"),
        ({"stages": {"Pre-train": "train"}}, "should match pattern"),
    ],
    ids=str,
)
def test_parse_when_the_stages_are_wrong_then_says_what_is(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        staged(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epohcs": 3}, r"stages\.pretrain: changes: epohcs: .*did you mean 'epochs'"),
        ({"head.lam": 3}, r"stages\.pretrain: changes: head\.lam: no such field"),
        ({"epochs": 0}, r"stages\.pretrain: changes: epochs=0: "),
        ({"start": "x"}, "set the stage's own start"),
        ({"stages.pretrain.seed": 1}, "set the stage's own start"),
    ],
    ids=str,
)
def test_parse_when_a_change_does_not_fit_the_run_then_says_which(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        staged(stages={"pretrain": {"name": "train", "changes": changes}})


@pytest.mark.parametrize(
    ("assignment", "path", "value"),
    [
        ("stages.pretrain.seed=4", "stages.pretrain.seed", 4),
        ("stages.pretrain.changes.epochs=3", "stages.pretrain.changes.epochs", 3),
        ("stages.pretrain.changes.head.scale=8", "stages.pretrain.changes.head.scale", 8),
        ("start.head=true", "start.head", True),
    ],
)
def test_override_when_a_stage_is_meant_then_sets_it(
    assignment: str, path: str, value: object
) -> None:
    assert get_path(override(staged(), [assignment]), path) == value


def test_override_when_a_stage_is_misspelt_then_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"stages has no 'pretran' \(did you mean 'pretrain'\?\)"):
        override(staged(), ["stages.pretran.seed=4"])
    with pytest.raises(ConfigError, match=r"seeed: no such field in .*did you mean 'seed'"):
        override(staged(), ["stages.pretrain.seeed=4"])


def test_view_when_changes_go_together_then_their_order_says_nothing() -> None:
    changes = {"head.margin": 0.3, "head": "cosface", "accumulate": 3, "batch_size": 9}
    run = config()
    seen = stage.view(stage.Config(changes=changes), run)
    assert seen.head == cosface.Config(margin=0.3) and seen.batch_size == 9
    assert seen.start is None and seen.stages == {}
    assert seen.data == run.data


def test_order_when_stages_need_each_other_then_inputs_come_first() -> None:
    run = staged(stages=_chain(pretrain="b", a=None, b="a"))
    assert graph.order(run) == ("a", "b", "pretrain")
    assert list(digests(run, 0, DATA)) == ["a", "b", "pretrain"]


@pytest.mark.parametrize(
    "change",
    [
        "stages.pretrain.changes.epochs=3",
        "stages.pretrain.changes.optimiser.lr=0.3",
        'stages.pretrain.start={"path": "gone", "sha256": "0123456789abcdef"}',
        "stages.pretrain.seed=5",
        "noise.closed.ratio=0.5",
        "batch_size=8",
    ],
)
def test_digests_when_the_stage_would_be_another_then_differ(change: str) -> None:
    assert _digest(override(staged(), [change])) != _digest(staged())
    assert digest(override(staged(), [change])) != digest(staged())


@pytest.mark.parametrize(
    "change",
    ["epochs=3", "head.margin=0.3", "start.head=true", "keep_checkpoints=7", "compile=true"],
)
def test_digests_when_the_stage_is_the_same_then_runs_share_it(change: str) -> None:
    assert _digest(override(staged(), [change])) == _digest(staged())


def test_digests_when_said_in_other_words_then_are_equal() -> None:
    told = {"name": "train", "changes": {"epochs": "1", "head": {"name": "softmax"}}}
    assert _digest(staged(stages={"pretrain": told})) == _digest(staged())
    assert digest(staged(stages={"pretrain": told})) == digest(staged())


def test_digests_when_the_seed_is_the_stages_own_then_replicates_share_it() -> None:
    own = override(staged(), ["stages.pretrain.seed=5"])
    assert _digest(own, 0) == _digest(own, 1)
    assert _digest(staged(), 0) != _digest(staged(), 1)
    assert _digest(own, 0) == _digest(staged(), 5)


def test_digests_when_asked_for_several_seeds_then_are_those_of_each() -> None:
    for run in (staged(), override(staged(), ["stages.pretrain.seed=5"]), pipeline()):
        several = digests_by_seed(run, (0, 3, 7), DATA)
        assert several == {seed: digests(run, seed, DATA) for seed in (0, 3, 7)}


def test_digests_when_a_stage_draws_nothing_then_replicates_share_it_as_far_as_its_inputs_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _digest(staged(), 0) != _digest(staged(), 1)
    monkeypatch.setattr(stage, "draws", lambda *_: False, raising=False)
    assert _digest(staged(), 0) == _digest(staged(), 1)
    run = staged(stages=_chain(a=None, pretrain="a"))
    monkeypatch.setattr(stage, "draws", lambda config, _: config.start is None)
    assert _digest(run, 0) != _digest(run, 1)


def test_costs_when_asked_then_count_trainings_passes_and_bytes_of_a_sample() -> None:
    run = pipeline()
    found = costs(run)
    assert list(found) == list(graph.order(run))
    told = {name: (len(one.trainings), len(one.passes)) for name, one in found.items()}
    assert told == {
        "looked": (1, 0),
        "seen": (0, 1),
        "listed": (0, 0),
        "again": (1, 0),
        "raised": (2, 0),
        "compat.features": (0, 1),
        "compat.summary": (0, 0),
    }
    assert [one.head.margin for one in found["raised"].trainings] == [0.1, 0.3]  # type: ignore
    row = found["listed"].sample_bytes
    # seven numbers of 8 bytes, 16 of an embedding of 4, two epochs of losses of 2
    assert found["seen"].sample_bytes == row + 7 * 8 + 16 * 4 + 2 * 2
    assert found["again"].sample_bytes == 2 * row


def test_every_when_a_rule_brings_stages_then_runs_with_that_cleaning_share_them() -> None:
    run = config(clean={"rule": "loss_quantile"})
    other, unlike = override(run, ["epochs=3"]), override(run, ["clean.rounds=2"])
    first, second = graph.every(run), graph.every(other)
    assert all(first[name] is second[name] for name in first)
    assert set(graph.every(unlike)) - set(first) == {"clean.loop"}


def test_digests_when_the_content_of_the_data_differs_then_differ() -> None:
    assert _digest(staged(), datasets={**DATA, "train": "t1"}) != _digest(staged())
    own = {**DATA, "stages/pretrain/train": "p0"}
    assert _digest(staged(), datasets=own) != _digest(staged())
    assert _digest(staged(), datasets={**own, "train": "t1"}) == _digest(staged(), datasets=own)


def test_digests_when_an_input_differs_then_differ() -> None:
    run = staged(stages=_chain(a=None, pretrain="a"))
    other = override(run, ["stages.a.changes.epochs=7"])
    assert _digest(run) != _digest(other)


def test_digest_when_a_change_is_a_place_then_is_equal(tmp_path: Path) -> None:
    """Images elsewhere: their content is in the data sets of the arm."""

    def elsewhere(path: str) -> TrainConfig:
        source = image_folder.Config(path=path)
        changes = {"data.train": source, "keep_checkpoints": len(path)}
        return staged(stages={"pretrain": {"name": "train", "changes": changes}})

    assert digest(elsewhere("here")) == digest(elsewhere("there"))
    assert _digest(elsewhere("here")) == _digest(elsewhere("there"))
    (view,) = elsewhere("here").stage_views().items()
    assert view[0] == "stages/pretrain/" and view[1].data.train.path == "here"  # type: ignore
    assert staged().stage_views() == {}


def test_parse_when_the_stage_leaves_no_weights_then_cannot_be_started_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(stage, "weights")
    with pytest.raises(ConfigError, match="a train stage leaves no weights to start from"):
        staged()


def test_counted_when_a_head_is_changed_then_it_is_told_whole() -> None:
    run = staged(stages={"pretrain": {"name": "train", "changes": {"head": "arcface"}}})
    told = graph.counted(run)["pretrain"]
    assert told["changes"]["head"] == to_dict(arcface.Config(), places=False)
    assert isinstance(run.stages["pretrain"], Config)
