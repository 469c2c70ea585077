"""What old features say of the classes of a run: beside the same worked out from the whole file."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file

from frlib.compat._classes import class_means, class_radius
from frlib.core import safeio
from frlib.core.config import override
from frlib.core.errors import ConfigError, DataError
from frlib.data.manifest import Manifest
from frlib.data.prepare import prepare
from frlib.denoise.credible_centroid import credible
from frlib.evaluate import features
from frlib.records import finished
from frlib.stages import _old_classes, costs, digests, old_summary
from frlib.stages import train as train_stage
from frlib.train import staged
from frlib.train.clean import DECIDE
from frlib.train.cleaned import cleaned
from frlib.train.compatible import FEATURES, OLD, SUMMARY
from frlib.train.config import TrainConfig
from frlib.train.old_files import ABOUT, SUMMARY_FILE, TRAIN
from frlib.train.place import Place
from tests.unit.stages.runs import DATA, config, job, produced

EVERY = ("credible", "means", "classifier", "radius")
DATASETS = {"train": "t0"}
Tensors = dict[str, NDArray[Any]]


def _run(**changes: Any) -> TrainConfig:
    """A run that needs a summary, whose old model is itself after one epoch."""
    return config(**{"compat": {"changes": {"epochs": 1}, "method": "bct"}} | changes)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Old model and features, made once: name -> artefact."""
    return produced(_run(), tmp_path_factory.mktemp("made"), last=FEATURES)


def _summed(
    run: TrainConfig, store: Path, inputs: dict[str, Path], *, seed: int = 0, **fields: Any
) -> tuple[Tensors, dict[str, Any]]:
    """Tensors and facts of a summary with these settings."""
    stage = old_summary.Config.parse({"features": FEATURES, "needs": EVERY} | fields)
    asked = dataclasses.replace(job(run, SUMMARY, store, inputs, seed=seed), stage=stage)
    (store / "out").mkdir(exist_ok=True)
    old_summary.produce(asked, store / "out")
    return load_file(store / "out" / SUMMARY_FILE), safeio.read_json(store / "out/about.json")


def _rows(inputs: dict[str, Path], train: Manifest) -> NDArray[np.float32]:
    whole = features.load(inputs[FEATURES] / TRAIN)
    return whole.plain[whole.places(train.ids)]


def _train(run: TrainConfig, store: Path, seed: int = 0) -> Manifest:
    return prepare(run.data, run.noise, seed, store).train


@pytest.mark.parametrize("seed", [0, 5])
def test_produce_when_labels_are_noisy_then_of_the_rows_and_labels_that_are_trained_on(
    seed: int, made: dict[str, Path], tmp_path: Path
) -> None:
    run = _run()
    found, about = _summed(run, tmp_path, made, seed=seed, keep_share=0.7, column_scale=False)
    train = _train(run, tmp_path, seed)
    rows, labels, classes = _rows(made, train), train.labels, train.num_classes
    assert (train.labels != train.true_labels).any()
    keep = credible(rows, labels, classes, 0.7, False).keep
    assert found["credible"].dtype == np.uint8 and found["credible"].tolist() == keep.tolist()
    assert 0 < about["credible"] == keep.sum() < len(train)
    np.testing.assert_array_equal(found["means"], class_means(rows, labels, classes, "raw")[0])
    radius = class_radius(rows, labels, classes)
    np.testing.assert_array_equal(found["centre"], radius.centre_Cd)
    np.testing.assert_array_equal(found["radius"], radius.radius_C)
    assert found["count"].tolist() == radius.count_C.tolist()
    assert about["manifest"] == train.digest and about["samples"] == len(train)
    source = safeio.read_json(made[FEATURES] / ABOUT)
    assert about["model"] == source["digest"]
    assert about["features"] == safeio.sha256(made[FEATURES] / ABOUT)[:16]
    assert about["classes_without_features"] == about["classes_without_radius"] == 0


def test_produce_when_means_weigh_all_the_same_then_differ_from_those_by_length(
    made: dict[str, Path], tmp_path: Path
) -> None:
    run = _run()
    found, _ = _summed(run, tmp_path, made, needs=("means",), weighting="unit")
    train = _train(run, tmp_path)
    rows = _rows(made, train)
    raw, unit = (class_means(rows, train.labels, train.num_classes, w)[0] for w in ("raw", "unit"))
    assert set(found) == {"means"} and not np.allclose(raw, unit, atol=1e-4)
    np.testing.assert_array_equal(found["means"], unit)


def test_produce_when_the_run_is_cleaned_then_of_what_is_left(tmp_path: Path) -> None:
    run = _run(
        clean={"rule": {"name": "oracle", "relabel": False}},
        compat={"changes": {"epochs": 1}, "method": "bct"},
    )
    assert old_summary.inputs(staged.every(run)[SUMMARY], run) == (FEATURES, DECIDE)
    made = produced(run, tmp_path)
    noisy = prepare(run.data, run.noise, 0, tmp_path)
    clean = staged.cleaned(run.clean, run, made)
    train = cleaned(noisy, clean)[0].train
    about = safeio.read_json(made[SUMMARY] / ABOUT)
    assert about["manifest"] == train.digest and len(train) < len(noisy.train)
    means = load_file(made[SUMMARY] / SUMMARY_FILE)["means"]
    wanted, _ = class_means(_rows(made, train), train.labels, train.num_classes, "raw")
    np.testing.assert_array_equal(means, wanted)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return found


def _head(old: Path) -> NDArray[np.float32]:
    weight: NDArray[np.float32] = load_file(train_stage.weights(old) / "model.safetensors")[
        "head.weight"
    ]
    return weight


def test_classifier_when_the_old_run_has_some_of_the_people_then_matched_by_name(
    tmp_path: Path,
) -> None:
    """Last people first, as far as numbers of classes go."""
    data = DATA.model_copy(update={"holdout": DATA.holdout.model_copy(update={"of": "whole"})})
    later = {"name": "class_split", "part": "new", "share": 0.5}
    changes = {"epochs": 1, "data.part": later}
    run = _run(data=data, compat={"changes": changes, "method": "bct"})
    made = produced(run, tmp_path, last=FEATURES)
    old = prepare(staged.trained_by(OLD, run).data, run.noise, 0, tmp_path).train
    train = _train(run, tmp_path)
    common = set(old.identities) & set(train.identities)
    assert 0 < len(common) < len(train.identities)
    found, about = _summed(run, tmp_path, made, needs=("classifier",))
    weight = _unit(_head(made[OLD]))
    for place, name in enumerate(train.identities):
        own = found["classifier"][place]
        if name in common:
            np.testing.assert_allclose(own, weight[old.identities.index(name)], atol=1e-6)
        else:
            assert not own.any()
    assert about["classes_without_classifier"] == len(train.identities) - len(common)


def test_classifier_when_a_class_has_several_centres_then_the_one_nearest_to_its_mean(
    tmp_path: Path,
) -> None:
    head = {"name": "subcenter", "margin": 0.2, "loss_k": 3}
    run = _run(compat={"changes": {"epochs": 1, "head": head}, "method": "bct"})
    made = produced(run, tmp_path, last=FEATURES)
    found, _ = _summed(run, tmp_path, made, needs=("classifier", "means"))
    weight = _unit(_head(made[OLD]).reshape(-1, 3, 16))
    cos = np.einsum("ckd,cd->ck", weight, found["means"])
    wanted = weight[np.arange(len(weight)), cos.argmax(axis=1)]
    np.testing.assert_allclose(found["classifier"], wanted, atol=1e-6)
    assert len(set(cos.argmax(axis=1).tolist())) > 1


def test_classifier_when_the_old_images_changed_since_then_refused(
    made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = finished.find

    def other(folder: Path) -> finished.Finished:
        found = find(folder)
        return dataclasses.replace(found, facts={**found.facts, "manifest": "f" * 16})

    monkeypatch.setattr(_old_classes.finished, "find", other)
    with pytest.raises(DataError, match="was trained on the set ffff"):
        _summed(_run(), tmp_path, made)


def _by_path(path: Path, **fields: Any) -> TrainConfig:
    return _run(compat={"path": str(path), "method": "bct"} | fields)


def test_classifier_when_the_old_run_is_at_a_path_then_the_same(
    made: dict[str, Path], tmp_path: Path
) -> None:
    one, _ = _summed(_run(), tmp_path, made)
    path = train_stage.weights(made[OLD])
    other, _ = _summed(_by_path(path / "model.safetensors"), tmp_path, made)
    assert np.array_equal(one["classifier"], other["classifier"]) and one["classifier"].any()


def test_classifier_when_the_old_model_is_no_run_then_refused(
    made: dict[str, Path], tmp_path: Path
) -> None:
    exported = tmp_path / "exported"
    exported.mkdir()
    weights = train_stage.weights(made[OLD]) / "model.safetensors"
    (exported / "model.safetensors").write_bytes(weights.read_bytes())
    told = {
        "input": {"size": 32, "colour": "RGB", "mean": 127.5, "std": 127.5},
        "backbone": {"name": "tiny", "width": 4, "embedding_size": 16},
    }
    safeio.write_json(exported / "config.json", told)
    with pytest.raises(ConfigError, match="a model of kind 'weights' says nothing of its classes"):
        _summed(_by_path(exported), tmp_path, made)
    (tmp_path / "f.npz").write_bytes(b"")
    stage = old_summary.Config(features=FEATURES, needs=("classifier",))
    with pytest.raises(ConfigError, match="a file of features has no classes"):
        old_summary.view(stage, _by_path(tmp_path / "f.npz"))


def _of_file(run: TrainConfig, store: Path, values: Any) -> dict[str, Path]:
    """Old features from a file; values: label of a training image -> its vector."""
    prepared = prepare(run.data, run.noise, 0, store)
    assert prepared.selection is not None
    train, others = prepared.train, prepared.selection.manifest
    rows = [values(int(label)) for label in train.labels] + [values(0)] * len(others)
    ids = [*train.ids.tolist(), *others.ids.tolist()]
    np.savez(store / "f.npz", ids=np.array(ids), embeddings=np.array(rows, dtype=np.float32))
    run = _by_path(store / "f.npz", dimensions="pad")
    return produced(run, store, last=FEATURES)


def test_credible_when_the_old_model_gives_nothing_for_a_class_then_names_it(
    tmp_path: Path,
) -> None:
    run = _run(noise={})
    made = _of_file(run, tmp_path, lambda label: [0, 0] if label == 2 else [1, label])
    name = _train(run, tmp_path).identities[2]
    with pytest.raises(DataError, match=f"1 of 8 classes have no credible sample, first '{name}'"):
        _summed(run, tmp_path, made, needs=("credible",))
    found, about = _summed(run, tmp_path, made, needs=("means",))
    assert not found["means"][2].any() and about["dimensions"] == 2


def test_produce_when_the_features_are_of_other_images_then_refused(
    made: dict[str, Path], tmp_path: Path
) -> None:
    """Pictures of the same names, drawn another way."""
    run = override(_run(), ["data.train.world.grain=0.2"])
    assert _train(run, tmp_path).ids.tolist() == _train(_run(), tmp_path).ids.tolist()
    with pytest.raises(DataError, match=r"old features of the set .*, and the run trains on"):
        _summed(run, tmp_path, made)


def test_produce_when_it_is_not_the_first_worker_then_nothing_is_written(
    made: dict[str, Path], tmp_path: Path
) -> None:
    second = Place(torch.device("cpu"), _Second())  # type: ignore[arg-type]
    asked = job(_run(), SUMMARY, tmp_path, made, place=second)
    assert old_summary.produce(asked, tmp_path / "out") == {} and not (tmp_path / "out").exists()


class _Second:
    rank, size = 1, 2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"needs": ()}, "nothing is to be found out"),
        ({"features": OLD}, "a train stage has no old features"),
        ({"seed": 3}, "every replicate draws labels of its own"),
    ],
    ids=str,
)
def test_view_when_the_settings_do_not_fit_then_says_what_is_wrong(
    fields: dict[str, Any], message: str
) -> None:
    stage = old_summary.Config.parse({"features": FEATURES, "needs": EVERY} | fields)
    with pytest.raises(ConfigError, match=message):
        old_summary.view(stage, _run())


def _key(run: TrainConfig, seed: int = 0) -> str:
    return digests(run, seed, DATASETS)[SUMMARY]


def test_digests_when_labels_or_what_is_asked_differ_then_differ() -> None:
    fixed = {"epochs": 1, "noise.closed.ratio": 0}
    run = _run(compat={"changes": fixed, "seed": 0, "method": "mixbct"})
    changes = ("noise.closed.ratio=0.1", "compat.method.credible_share=0.5", "clean.rule=oracle")
    for change in changes:
        assert _key(override(run, [change])) != _key(run), change
    assert _key(run, 0) != _key(run, 7)
    quiet = override(run, ["noise.closed.ratio=0"])
    assert _key(quiet, 0) == _key(quiet, 7)


def test_inputs_when_the_classifier_is_needed_then_the_old_model_as_well() -> None:
    run = _run()
    stage = old_summary.Config(features=FEATURES, needs=("classifier",))
    assert old_summary.inputs(stage, run) == (FEATURES, OLD)
    stage = old_summary.Config(features=FEATURES, needs=("means",))
    assert old_summary.inputs(stage, run) == (FEATURES,)


def test_costs_when_asked_then_no_pass_and_vectors_of_classes() -> None:
    found = costs(_run())[SUMMARY]
    assert not found.passes and not found.trainings and found.sample_bytes == 1 + 4 * 16 // 16
