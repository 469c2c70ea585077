"""A run beside an old model: what its config may say, what it reads, what it leaves behind."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from frlib.core.errors import ConfigError, DataError
from frlib.data.config import NoiseConfig
from frlib.evaluate.features import load
from frlib.stages import digests
from frlib.train import staged
from frlib.train.build import require_offloadable
from frlib.train.compatibility import PROJECT, dimensions_of_both, in_both
from frlib.train.compatible import FEATURES, OLD, SUMMARY, Compat, rule_for
from frlib.train.config import TrainConfig
from frlib.train.loop import Epoch, epochs
from frlib.train.old_files import TRAIN
from frlib.train.old_side import OldSide
from tests.unit.train import olds
from tests.unit.train.worlds import HERE, are_equal, config, manifest, pixels

CHANGES = {"epochs": 1}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Fields of `compat`, of the clean world."""
    return olds.made(tmp_path_factory.mktemp("old"), manifest())


def _ended(run: TrainConfig) -> Epoch:
    given = manifest()
    beside = None if run.compat is None else OldSide(run.compat, given)
    *_, last = epochs(run, given, pixels(), seed=3, place=HERE, old=beside)
    return last


def _with(old: dict[str, Any], method: dict[str, Any], **more: Any) -> TrainConfig:
    return config(epochs=2, compat=old | {"method": method} | more)


@pytest.mark.parametrize(
    "method",
    [
        {"name": "none"},
        {"name": "l2", "weight": 0.0},
        {"name": "bct", "weight": 0.0},
        {"name": "mixbct", "alpha": 0.0},
    ],
)
def test_run_when_the_method_weighs_nothing_then_is_plain_training_bit_for_bit(
    old: dict[str, Any], method: dict[str, Any]
) -> None:
    found, plain = _ended(_with(old, method)), _ended(config(epochs=2))
    assert are_equal(found.state.model(), plain.state.model())
    assert found.row["train/loss"] == plain.row["train/loss"]


def test_run_when_there_is_a_method_then_its_parts_are_in_the_row_and_add_to_the_loss(
    old: dict[str, Any],
) -> None:
    found, plain = _ended(_with(old, {"name": "l2"})), _ended(config(epochs=2))
    assert found.row["train/compat/l2"] > 0
    assert found.row["train/loss"] > plain.row["train/loss"]
    assert not torch.equal(
        found.state.model()["backbone.fc.weight"], plain.state.model()["backbone.fc.weight"]
    )


def test_model_when_the_run_ends_then_keeps_the_learned_map_and_nothing_else_of_the_method(
    old: dict[str, Any],
) -> None:
    plain = set(_ended(config(epochs=2)).state.model())
    assert set(_ended(_with(old, {"name": "nccl", "buffer": 48})).state.model()) == plain
    mapped = _ended(_with(old, {"name": "l2"}, dimensions="project")).state
    assert set(mapped.model()) == plain | {PROJECT}
    assert {"model.compat.sums"} <= mapped.tensors().keys()


def test_old_side_when_rows_are_taken_then_are_unit_and_those_of_the_samples(
    old: dict[str, Any],
) -> None:
    given = manifest()
    side = OldSide(Compat.parse(old | {"method": {"name": "mixbct"}}), given)
    rows = np.array([7, 0, 40])
    found = side.rows(rows, HERE.device)
    assert torch.allclose(found.unit_be.norm(dim=1), torch.ones(3), atol=1e-6)
    assert torch.equal(found.unit_be, side.rows(np.arange(48), HERE.device).unit_be[rows])
    assert found.credible_b.tolist() == [True, False, False]


def test_old_side_when_asked_for_blocks_then_every_class_is_whole_and_every_image_there(
    old: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from frlib.train import old_side

    monkeypatch.setattr(old_side, "_BLOCK", 17)
    side = OldSide(Compat.parse(old | {"summary": ""}), manifest(6))
    blocks = list(side.blocks(lambda rows: rows[:, None].astype(np.float32), HERE.device))
    labels = torch.cat([block.labels_n for block in blocks])
    assert labels.tolist() == sorted(manifest(6).labels.tolist())
    assert torch.cat([b.new_nD for b in blocks])[:, 0].sort().values.tolist() == list(range(48))
    owners = [set(block.labels_n.tolist()) for block in blocks]
    assert len(blocks) > 1 and sum(map(len, owners)) == len(set().union(*owners))


def test_old_side_when_a_sample_has_no_old_feature_then_says_which(
    old: dict[str, Any], tmp_path: Path
) -> None:
    fewer = olds.made(tmp_path, manifest().take(np.arange(40)))
    with pytest.raises(DataError, match=r"8 .*'040'"):
        OldSide(Compat.parse(fewer | {"method": {"name": "l2"}, "summary": ""}), manifest())


def test_old_side_when_the_summary_is_of_other_labels_then_is_refused(old: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="other samples, labels or noise"):
        OldSide(Compat.parse(old | {"method": {"name": "bct"}}), manifest(flips=3))


def test_run_when_its_stages_are_not_done_then_says_how_to_run_it() -> None:
    run = config(compat={"method": {"name": "l2"}, "changes": CHANGES})
    with pytest.raises(ConfigError, match=r"compat\.features are not done"):
        OldSide(run.compat, manifest())


@pytest.mark.parametrize("rule, old_size", [("pad", 8), ("truncate", 24), ("project", 8)])
def test_run_when_sizes_differ_then_prototypes_are_renewed_in_the_space_of_both(
    tmp_path: Path, rule: str, old_size: int
) -> None:
    method = {"name": "unibct", "start_epoch": 0, "refresh": [1], "variant": "source"}
    fields = olds.made(tmp_path, manifest(), old_size)
    state = _ended(_with(fields, method, dimensions=rule)).state
    found = state.tensors()["model.compat.term.prototypes_Cd"]
    raw = load(tmp_path / TRAIN).plain
    means = np.stack([raw[manifest().labels == one].mean(axis=0) for one in range(len(found))])
    least = min(found.shape[1], old_size)
    assert np.allclose(found[:, :least], means[:, :least], atol=1e-4)
    assert not found[:, least:].any()


def test_parts_when_the_run_goes_back_then_those_of_steps_that_were_undone_do_not_count(
    old: dict[str, Any],
) -> None:
    compat = _ended(_with(old, {"name": "l2"})).state.trainee.compat
    assert compat is not None
    compat.note({"l2": torch.tensor(100.0)})
    compat.forget()
    compat.note({"l2": torch.tensor(1.0)})
    compat.settle()
    assert compat.row() == {"train/compat/l2": 1.0}


@pytest.mark.parametrize(
    "compat, told",
    [
        ({"changes": CHANGES, "dimensions": "project"}, "adds nothing to the loss"),
        ({"method": {"name": "l2"}}, "none of changes, stage and path"),
        ({"changes": CHANGES, "stage": "other"}, "changes and stage set"),
        ({"changes": CHANGES, "sha256": "0" * 16}, "without a path"),
        ({"stage": "other", "seed": 1}, "an old model that is trained here"),
        (
            {"changes": CHANGES, "method": {"name": "mixbct"}, "dimensions": "project"},
            "set dimensions=pad",
        ),
    ],
)
def test_compat_when_it_cannot_be_meant_then_says_what_was_expected(
    compat: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        Compat.parse(compat)


def test_config_when_embeddings_differ_in_size_then_a_rule_is_asked_for() -> None:
    changes = {"backbone.embedding_size": 8}
    with pytest.raises(
        ValueError, match=r"old features have 8 dimensions, .* 16; set compat\.dimens"
    ):
        config(compat={"method": {"name": "l2"}, "changes": changes})
    config(compat={"method": {"name": "l2"}, "changes": changes, "dimensions": "pad"})


@pytest.mark.parametrize("method", ["mixbct", "nccl"])
def test_config_when_the_old_model_is_too_large_for_a_method_then_refused_before_it_is_trained(
    method: str,
) -> None:
    changes = {"backbone.embedding_size": 24}
    with pytest.raises(ValueError, match=f"'{method}' has them; set backbone.embedding_size=24"):
        config(compat={"method": {"name": method}, "changes": changes, "dimensions": "pad"})


def test_build_when_centres_stay_on_the_host_then_a_method_that_asks_them_all_is_refused() -> None:
    head = {"name": "arcface", "sample_rate": 0.5}
    fields = {"head": head, "class_rows": "offloaded"}
    nccl: dict[str, Any] = {"name": "nccl"}
    with pytest.raises(ConfigError, match="'nccl', which asks every centre"):
        require_offloadable(config(**fields, compat={"changes": CHANGES, "method": nccl}))
    nccl["beta"] = 0.0
    require_offloadable(config(**fields, compat={"changes": CHANGES, "method": nccl}))


def test_config_when_it_watches_the_cross_test_then_needs_an_old_model() -> None:
    watched = {"stopping": {"metric": "cross_auc"}}
    with pytest.raises(ValueError, match="there is no old one; set compat"):
        config(**watched)
    run = config(compat={"method": {"name": "l2"}, "changes": CHANGES}, **watched)
    assert run.stage_runs()[OLD].stopping.metric == "auc", "the old model has none"


def test_stages_when_a_method_needs_classes_then_brings_them_along() -> None:
    run = config(compat={"method": {"name": "bct"}, "changes": CHANGES})
    assert staged.order(run) == (OLD, FEATURES, SUMMARY)
    assert run.stage_runs()[OLD].compat is None and run.stage_runs()[OLD].epochs == 1
    alone = config(compat={"method": {"name": "l2"}, "changes": CHANGES})
    assert staged.order(alone) == (OLD, FEATURES)


def test_digests_when_methods_differ_then_old_model_and_features_are_shared() -> None:
    data = {"train": "a" * 16}
    one, other = (
        digests(config(compat={"method": method, "changes": CHANGES}), 0, data)
        for method in ({"name": "l2"}, {"name": "mixbct", "alpha": 0.5})
    )
    assert one[OLD] == other[OLD] and one[FEATURES] == other[FEATURES]
    assert digests(config(compat={"changes": {"epochs": 2}}), 0, data)[OLD] != one[OLD]


def test_digests_when_noise_is_in_labels_alone_then_features_of_one_old_model_are_shared() -> None:
    changes = {"epochs": 1, "noise": {}}
    found = [
        digests(
            config(
                noise=NoiseConfig.parse({"closed": {"ratio": ratio}}),
                compat={"method": {"name": "bct"}, "changes": changes, "seed": 0},
            ),
            seed,
            {"train": "a" * 16},
        )
        for ratio, seed in ((0.0, 0), (0.3, 0), (0.3, 1))
    ]
    assert len({one[FEATURES] for one in found}) == 1
    assert len({one[SUMMARY] for one in found}) == 3


def test_counted_when_there_is_no_old_model_then_says_nothing_of_it() -> None:
    assert "compat" not in config().counted()
    assert "compat" in config(compat={"changes": CHANGES}).counted()


@pytest.mark.parametrize(
    "rule, size, old_size, both", [("pad", 16, 8, 16), ("truncate", 16, 8, 8), ("pad", 8, 16, 16)]
)
def test_both_when_sizes_differ_then_cosines_are_those_of_the_rule(
    rule: Any, size: int, old_size: int, both: int
) -> None:
    compat = Compat(changes=CHANGES, dimensions=rule)
    assert rule_for(compat, size, old_size) == rule
    assert dimensions_of_both(rule, size, old_size) == both
    draw = torch.Generator().manual_seed(0)
    new, old = (torch.randn(3, n, generator=draw) for n in (size, old_size))
    new, old = (torch.nn.functional.normalize(x) for x in (new, old))
    found = in_both(new, rule, both, is_unit=True) @ in_both(old, rule, both, is_unit=True).t()
    least = min(size, old_size)
    unit = (new[:, :least], old[:, :least])
    if rule == "truncate":
        unit = tuple(torch.nn.functional.normalize(x) for x in unit)
    elif old_size > size:
        unit = (new, old[:, :least])
    assert torch.allclose(found, unit[0] @ unit[1].t(), atol=1e-6)


def test_rule_when_old_features_are_larger_than_what_they_replace_then_is_refused() -> None:
    compat = Compat.parse({"changes": CHANGES, "method": {"name": "mixbct"}, "dimensions": "pad"})
    with pytest.raises(ConfigError, match="cannot stand for new embeddings of 8"):
        rule_for(compat, 8, 16)


def test_stages_when_the_old_model_is_trained_here_then_shares_no_seed_with_its_replicate() -> None:
    run = config(compat={"changes": CHANGES})
    old = staged.every(run)[OLD]
    assert {old.seed_for(seed) for seed in range(5)}.isdisjoint(range(5))
    assert len({old.seed_for(seed) for seed in range(5)}) == 5, "one for each"
    fixed = staged.every(config(compat={"changes": CHANGES, "seed": 7}))[OLD]
    assert {fixed.seed_for(seed) for seed in range(5)} == {7}


def test_counted_when_a_stage_has_no_shift_then_is_as_before_there_were_any() -> None:
    stages = {"pretrain": {"name": "train", "changes": {"epochs": 1}}}
    plain = config(stages=stages, start={"stage": "pretrain"}).counted()
    assert "shift" not in plain["stages"]["pretrain"]
    stages["pretrain"]["shift"] = 3
    assert config(stages=stages, start={"stage": "pretrain"}).counted() != plain
