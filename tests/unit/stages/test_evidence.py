"""Evidence: what a model says about its samples, beside the same thing worked out by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from frlib.cleaning import evidence as folder
from frlib.cleaning import findings
from frlib.cleaning.evidence import Evidence
from frlib.core import discover
from frlib.core.config import with_path
from frlib.core.errors import ConfigError, DataError
from frlib.data.loading.choose import open_training
from frlib.data.prepare import Prepared, prepare
from frlib.evaluate.embed import to_input
from frlib.records import finished, first_epochs
from frlib.stages import train as train_stage
from frlib.train import measuring
from frlib.train.clean import EVIDENCE, MODEL
from frlib.train.config import TrainConfig
from frlib.train.start import MODEL as FILE
from tests.unit.cleaning.worlds import nothing
from tests.unit.stages.runs import config, job, produced

MARGIN, SCALE = 0.2, 16.0
ARC = {"name": "arcface", "margin": MARGIN, "scale": SCALE}
SUBCENTRES = {"name": "subcenter", "margin": MARGIN, "scale": SCALE, "loss_k": 3}
BOUNDARY = {"name": "boundary", "first_corrected_epoch": 0}
Number = NDArray[np.float64]


def _seen(store: Path, run: TrainConfig, last: str = EVIDENCE, **how: Any) -> Evidence:
    return folder.read(produced(run, store, last=last, **how)[last])


def _prepared(run: TrainConfig, store: Path, seed: int = 0) -> Prepared:
    return prepare(run.data, run.noise, seed, store)


def _asked(**changes: Any) -> TrainConfig:
    """A run with a model that is asked for everything."""
    return config(clean={"rule": "subcenter_drop", "changes": changes})


def _cosines(seen: Evidence) -> Number:
    """`[N, C]`, of the nearest centre of every class."""
    vectors = seen.vectors
    emb, weight = (np.asarray(one, np.float64) for one in (vectors.embeddings, vectors.weight))
    emb /= np.linalg.norm(emb, axis=1, keepdims=True)
    weight /= np.linalg.norm(weight, axis=1, keepdims=True)
    cos = (emb @ weight.T).reshape(len(emb), -1, vectors.loss_k)
    return np.asarray(cos.max(axis=2))


def _with_margin(cos: Number) -> Number:
    """ArcFace: cos(θ + m), and beyond π what falls on."""
    theta = np.arccos(np.clip(cos, -1, 1))
    over = cos - MARGIN * np.sin(MARGIN)
    return np.where(theta + MARGIN > np.pi, over, np.cos(theta + MARGIN))


def _close(found: NDArray[Any], wanted: NDArray[Any]) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("head", "loss_k"), [(ARC, 1), (SUBCENTRES, 3)], ids=["arc", "K=3"])
def test_produce_when_the_model_is_asked_then_answers_are_those_of_its_embeddings(
    head: dict[str, Any], loss_k: int, tmp_path: Path
) -> None:
    seen = _seen(tmp_path, _asked(head=head))
    cos, rows, told = _cosines(seen), np.arange(len(seen)), seen.answered
    assert seen.vectors.loss_k == loss_k and seen.vectors.scale == SCALE
    assert seen.vectors.weight.shape[0] == loss_k * seen.num_classes
    own = cos[rows, seen.given]
    others = cos.copy()
    others[rows, seen.given] = -np.inf
    _close(told.own, own)
    _close(told.rival, others.max(axis=1))
    assert np.array_equal(told.rival_class, others.argmax(axis=1))
    _close(told.second, np.sort(others, axis=1)[:, -2])
    logits = SCALE * cos
    logits[rows, seen.given] = SCALE * _with_margin(own)
    for name, wanted in {
        "label_logit": logits[rows, seen.given],
        "max_logit": logits.max(axis=1),
        "log_sum_exp": np.log(np.exp(logits).sum(axis=1)),
    }.items():
        np.testing.assert_allclose(getattr(told, name), wanted, rtol=1e-5, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("mirrored", [False, True])
def test_produce_when_the_model_is_asked_then_each_row_is_of_its_own_image(
    mirrored: bool, tmp_path: Path
) -> None:
    run = with_path(_asked(), "clean.mirrored", mirrored)
    made = produced(run, tmp_path, last=EVIDENCE)
    seen = folder.read(made[EVIDENCE])
    train = _prepared(run, tmp_path).train
    assert seen.ids.tolist() == train.ids.tolist()
    assert seen.given.tolist() == train.labels.tolist() and seen.identities == train.identities
    assert seen.truth.true.tolist() == train.true_labels.tolist()
    assert seen.truth.kinds.tolist() == train.kinds.tolist() and seen.before is None
    net = discover.load("frlib.backbones", "tiny").build(run.backbone, run.data.size)
    tensors = load_file(train_stage.weights(made[MODEL]) / FILE)
    parts = {n.removeprefix("backbone."): t for n, t in tensors.items() if n.startswith("backbone")}
    net.load_state_dict(parts)
    with open_training(run.data, train, tmp_path, 1) as pixels, torch.no_grad():
        rows = np.array([0, 5, len(train) - 1])
        images = to_input(torch.from_numpy(pixels.batch(rows)))
        wanted, turned = (net.eval()(one) for one in (images, images.flip(3)))
    assert not torch.allclose(wanted, turned, atol=1e-3)
    wanted = (wanted + turned) / 2 if mirrored else wanted
    _close(seen.vectors.embeddings[rows], wanted.numpy())
    cos, rows = _cosines(seen), np.arange(len(seen))
    _close(seen.answered.own, cos[rows, seen.given])
    weight = tensors["head.weight"].numpy()
    assert np.array_equal(seen.vectors.weight, weight)


def test_produce_when_the_model_sees_larger_images_then_it_judges_the_same_noisy_set(
    tmp_path: Path,
) -> None:
    size = 2 * config().data.size
    run = _asked(**{"data.size": size})
    made = produced(run, tmp_path, last=EVIDENCE)
    seen, train = folder.read(made[EVIDENCE]), _prepared(run, tmp_path).train
    assert seen.ids.tolist() == train.ids.tolist()
    assert seen.given.tolist() == train.labels.tolist()
    assert seen.truth.true.tolist() == train.true_labels.tolist()
    trained = finished.find(train_stage.weights(made[MODEL])).config
    assert trained["data"]["size"] == size != run.data.size


def test_produce_when_the_training_decided_then_its_course_is_on_hand_and_no_image_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = config(clean={"rule": "boundary", "changes": {"head": BOUNDARY}})
    made = produced(run, tmp_path, last=MODEL)
    monkeypatch.setattr("frlib.stages._evidence.open_training", None)
    seen = _seen(tmp_path, run, made=made)
    assert seen.answers is None and seen.embedded is None
    with pytest.raises(ConfigError, match="this evidence has no answers"):
        _ = seen.answered
    course = seen.course
    assert course.kind == "boundary" and course.epochs == 2
    rows = first_epochs.gather(train_stage.weights(made[MODEL]), 2)["decisions"].to_pydict()
    names = ("epoch", "sample", "proposed")
    told = set(zip(*(rows[name] for name in names), strict=True))
    ids = seen.ids[course.row].tolist()
    found = list(zip(course.epoch.tolist(), ids, course.proposed.tolist(), strict=True))
    assert len(found) == len(set(found)) > 0 and set(found) == told
    assert np.array_equal(np.lexsort((course.row, course.epoch)), np.arange(len(course.row)))


def test_produce_when_the_head_decides_nothing_then_the_course_is_empty(tmp_path: Path) -> None:
    course = _seen(tmp_path, _asked()).course
    assert (course.kind, course.epochs, len(course.row)) == ("", 2, 0)


def _staged(sees: list[str], **seen: Any) -> TrainConfig:
    stages = {
        "model": {"name": "train"},
        "seen": {"name": "evidence", "model": "model", "sees": sees, **seen},
        "listed": {"name": "decide", "evidence": "seen", "rule": "oracle"},
    }
    return config(stages=stages, clean={"stage": "listed"})


def test_produce_when_answers_alone_are_asked_for_then_no_embedding_is_kept(
    tmp_path: Path,
) -> None:
    made = produced(_staged(["answers"]), tmp_path, last="seen")
    seen = folder.read(made["seen"])
    assert seen.embedded is None and len(seen.answered.own) == len(seen)
    kept = {path.name for path in made["seen"].iterdir()}
    assert "answers.parquet" in kept and not kept & {"embeddings.npy", "weight.npy"}


def test_produce_when_the_stage_has_a_seed_of_its_own_then_the_noise_is_that_of_the_model(
    tmp_path: Path,
) -> None:
    """The model decides which draw it was trained on, not who asks it."""
    run = _staged([], seed=5)
    seen = _seen(tmp_path, run, last="seen", seed=0)
    draws = [_prepared(run, tmp_path, seed).train.labels.tolist() for seed in (0, 5)]
    assert draws[0] != draws[1] and seen.given.tolist() == draws[0]


def test_produce_when_settings_change_on_the_way_then_answers_are_by_the_last_ones(
    tmp_path: Path,
) -> None:
    changed = [{"epoch": 1, "settings": {"head.margin": MARGIN}}]
    seen = _seen(tmp_path, _asked(head=ARC | {"margin": 0.5}, course=changed))
    own = seen.answered.own
    np.testing.assert_allclose(seen.answered.label_logit, SCALE * _with_margin(own), atol=1e-4)


def test_produce_when_the_best_model_is_from_before_a_change_then_the_change_is_not_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        measuring, "selected", lambda run, done, *_: {run.stopping.name: 1 / done.number}
    )
    changed = [{"epoch": 1, "settings": {"head.margin": 0.5}}]
    made = produced(
        _asked(head=ARC, course=changed, stopping={"model": "best"}), tmp_path, last=EVIDENCE
    )
    assert finished.find(train_stage.weights(made[MODEL])).facts["model"]["epoch"] == 1
    told = folder.read(made[EVIDENCE]).answered
    np.testing.assert_allclose(told.label_logit, SCALE * _with_margin(told.own), atol=1e-4)


def _twice(over: str, rule: Any = "oracle") -> TrainConfig:
    """A second model is trained on the set that findings on a first one have cleaned."""
    first = {"name": "evidence", "model": "model", "sees": []}
    second = {"name": "train", "clean": {"stage": "listed"}, "changes": {"head": ARC}}
    stages = {
        "model": {"name": "train"},
        "seen": first,
        "listed": {"name": "decide", "evidence": "seen", "rule": rule},
        "second": second,
        "seen_again": {"name": "evidence", "model": "second", "over": over},
        "last": {"name": "decide", "evidence": "seen_again", "rule": "subcenter_drop"},
    }
    return config(stages=stages, clean={"stage": "last"})


def test_produce_when_the_model_was_cleaned_then_evidence_is_about_what_was_left(
    tmp_path: Path,
) -> None:
    run = _twice("trained", {"name": "oracle", "relabel": False})
    seen = _seen(tmp_path, run, last="seen_again")
    train = _prepared(run, tmp_path).train
    right = train.labels == train.true_labels
    assert seen.ids.tolist() == train.ids[right].tolist() and not right.all()
    assert seen.before is not None and seen.applied == "both"
    assert seen.before.ids.tolist() == train.ids.tolist()
    assert seen.before.is_flagged.tolist() == (~right).tolist()


def test_produce_when_over_the_whole_then_also_about_what_was_taken_out(tmp_path: Path) -> None:
    run = _twice("whole", {"name": "oracle", "relabel": False})
    seen = _seen(tmp_path, run, last="seen_again")
    train = _prepared(run, tmp_path).train
    assert seen.before is None and seen.ids.tolist() == train.ids.tolist()
    assert seen.given.tolist() == train.labels.tolist()
    cos, rows = _cosines(seen), np.arange(len(seen))
    _close(seen.answered.own, cos[rows, seen.given])


def test_produce_when_a_class_was_lost_then_its_samples_are_near_to_nobody_of_it(
    tmp_path: Path,
) -> None:
    """Their answers are those of a head without a margin, as no class of theirs is there."""
    train = _prepared(config(), tmp_path).train
    gone = train.labels == 2
    found = nothing("gone", train.ids, train.identities, train.labels)
    findings.write(replace(found, is_flagged=gone), tmp_path / "gone.parquet")
    model = {
        "name": "train",
        "clean": {"path": str(tmp_path / "gone.parquet")},
        "changes": {"head": SUBCENTRES},
    }
    stages = {
        "model": model,
        "seen": {"name": "evidence", "model": "model", "over": "whole"},
        "listed": {"name": "decide", "evidence": "seen", "rule": "subcenter_drop"},
    }
    run = config(stages=stages, clean={"stage": "listed"})
    seen = _seen(tmp_path, run, last="seen")
    told, vectors = seen.answered, seen.vectors
    weight = vectors.weight.reshape(seen.num_classes, 3, -1)
    assert gone.any() and not weight[2].any() and weight[[0, 1, 3]].any(axis=(1, 2)).all()
    cos = _cosines(
        replace(
            seen,
            embedded=replace(
                vectors, weight=np.where(weight, weight, 1e-9).reshape(vectors.weight.shape)
            ),
        )
    )
    cos = np.delete(cos, 2, axis=1)
    people = np.delete(np.arange(seen.num_classes), 2)
    assert (told.own[gone] == -1).all() and (told.own[~gone] > -1).all()
    _close(told.rival[gone], cos[gone].max(axis=1))
    assert np.array_equal(told.rival_class[gone], people[cos[gone].argmax(axis=1)])
    _close(told.second[gone], np.sort(cos[gone], axis=1)[:, -2])
    logits = SCALE * cos[gone]
    np.testing.assert_allclose(told.max_logit[gone], logits.max(axis=1), atol=1e-4)
    total = np.log(np.exp(logits).sum(axis=1))
    np.testing.assert_allclose(told.log_sum_exp[gone], total, atol=1e-4)
    assert (told.label_logit <= told.max_logit).all()


def test_produce_when_the_model_is_the_best_of_rounds_then_asked_by_its_own_settings(
    tmp_path: Path,
) -> None:
    """The best round is the first; the last one has another head."""
    stages = {
        "raised": {
            "name": "rounds",
            "changes": {"stopping.metric": "auc"},
            "each": [{"head": ARC}, {"head": {"name": "arcface", "margin": 0.5, "scale": 8}}],
        },
        "seen": {"name": "evidence", "model": "raised"},
        "listed": {"name": "decide", "evidence": "seen", "rule": "subcenter_drop"},
    }
    run = config(stages=stages, clean={"stage": "listed"})
    made = produced(run, tmp_path, last="raised")
    (made["raised"] / "best.json").write_text('{"round": 0}')
    seen = _seen(tmp_path, run, last="seen", made=made)
    assert seen.vectors.scale == SCALE
    own = seen.answered.own
    np.testing.assert_allclose(seen.answered.label_logit, SCALE * _with_margin(own), atol=1e-4)


def test_read_when_there_is_no_evidence_or_a_part_is_gone_then_refuses(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no evidence can be read from it"):
        folder.read(tmp_path)
    made = produced(_staged(["embeddings"]), tmp_path, last="seen")["seen"]
    (made / "weight.npy").unlink()
    with pytest.raises(DataError, match="no evidence can be read from it"):
        folder.read(made)


def test_inputs_when_the_model_was_cleaned_then_its_findings_are_needed_as_well(
    tmp_path: Path,
) -> None:
    run = _twice("trained")
    stage = run.stages["seen_again"]
    module = discover.load("frlib.stages", "evidence")
    assert module.inputs(stage, run) == ("second", "listed")
    assert job(run, "seen_again", tmp_path).stage is stage
