"""Old features: each row is its own image, jobs go on, who shares them, what is refused."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.config import digest, override
from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.data.config import PairBenchmark
from frlib.data.loading.choose import open_for
from frlib.data.manifest import Manifest
from frlib.data.prepare import prepare
from frlib.data.sources import synth
from frlib.evaluate import extract, features
from frlib.evaluate.features import Features
from frlib.evaluate.model import named, open_model
from frlib.stages import _old_features, _old_images, costs, digests, old_features
from frlib.stages import train as train_stage
from frlib.train import staged
from frlib.train.compatible import FEATURES, OLD
from frlib.train.config import TrainConfig
from frlib.train.old_files import ABOUT, SELECTION, TRAIN, benchmark
from tests.unit.stages.runs import DATA, config, job, produced

FACES = PairBenchmark(
    name="faces", images=synth.Config(part="eval", identities=6, images=4), num_pairs=40, folds=2
)
OPEN = {"open": {"ratio": 0.3}}
OUTSIDE = synth.Config(part="outliers", identities=4, images=20)
DATASETS = {"train": "t0"}


def _run(**changes: Any) -> TrainConfig:
    """A run whose old model is itself after one epoch."""
    data = DATA.model_copy(update={"benchmarks": (FACES,), "outliers": OUTSIDE})
    return config(**{"data": data, "compat": {"changes": {"epochs": 1}}} | changes)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The old model, made once: name -> artefact."""
    return produced(_run(), tmp_path_factory.mktemp("old"), last=OLD)


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "_BLOCK_ROWS", 16)
    monkeypatch.setattr(extract, "BATCH", 8)


def _made(run: TrainConfig, store: Path, old: dict[str, Path], *, seed: int = 0) -> Path:
    return produced(run, store, last=FEATURES, made=old, seed=seed)[FEATURES]


def _pixels(run: TrainConfig, manifest: Manifest, store: Path) -> NDArray[np.uint8]:
    with open_for(run.data, manifest, store, 1) as pixels:
        return pixels.batch(np.arange(len(manifest)))


def _close(found: NDArray[Any], wanted: NDArray[Any]) -> None:
    """Up to the rounding of directions, and of batches of another size."""
    scale = np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(found / scale, wanted / scale, rtol=0, atol=1e-3)


def test_produce_when_a_stage_trained_the_model_then_each_row_is_its_own_image(
    old: dict[str, Path], tmp_path: Path
) -> None:
    run = _run()
    folder = _made(run, tmp_path, old)
    assert {path.name for path in folder.iterdir()} == {
        *(TRAIN, SELECTION, "benchmark-faces.arrow"),
        ABOUT,
    }
    model = open_model(named(str(train_stage.weights(old[OLD]))))
    prepared = prepare(run.data, run.noise, 0, tmp_path)
    assert prepared.selection is not None
    (faces,) = prepared.benchmarks
    for name, manifest in {
        TRAIN: prepared.train,
        SELECTION: prepared.selection.manifest,
        benchmark("faces"): faces.manifest,
    }.items():
        found = features.load(folder / name)
        shown = _pixels(run, manifest, tmp_path)
        assert sorted(found.ids.tolist()) == sorted(manifest.ids.tolist())
        rows = found.places(manifest.ids)
        _close(found.plain[rows], model.embed(shown))
        assert (found.mirrored is not None) == (name == "benchmark-faces.arrow")
        if found.mirrored is not None:
            mirrored = model.embed(np.ascontiguousarray(shown[:, :, ::-1]))
            _close(found.mirrored[rows], mirrored)
            assert np.abs(mirrored - model.embed(shown)).max() > 0.1
    told = safeio.read_json(folder / ABOUT)
    assert told["digest"] == model.about["digest"] and told["weights"] == model.about["weights"]
    assert told["dimensions"] == 16 and told["seed"] is None
    assert told["sets"]["train"] == {
        "images": prepared.clean_digest,
        "count": len(prepared.train),
        "zero": 0,
        "mirrored": False,
    }


class _Counting:
    """A model that stops at a call, and what it was asked for."""

    def __init__(self, model: Any, stop_at: int = 0) -> None:
        self.size, self.colour, self.about = model.size, model.colour, model.about
        self.model, self.calls, self.stop_at = model, 0, stop_at

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.calls += 1
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        found: NDArray[np.float32] = self.model.embed(images)
        return found


def _counted(monkeypatch: pytest.MonkeyPatch, stop_at: int = 0) -> list[_Counting]:
    opened: list[_Counting] = []

    def open_it(config: Any, device: str) -> _Counting:
        opened.append(_Counting(open_model(config, device), stop_at))
        return opened[-1]

    monkeypatch.setattr(_old_features, "open_model", open_it)
    return opened


@pytest.mark.parametrize("stop_at", [1, 4, 8, 11, 15])
def test_produce_when_killed_then_goes_on_and_comes_out_the_same(
    stop_at: int, old: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the first block, between blocks, in another set, in mirrored views."""
    run = _run()
    whole = _made(run, tmp_path / "undisturbed", old)
    everything = _counted(monkeypatch)
    _made(run, tmp_path / "counted", old)
    _counted(monkeypatch, stop_at)
    with pytest.raises(KeyboardInterrupt):
        _made(run, tmp_path, old)
    rest = _counted(monkeypatch)
    again = _made(run, tmp_path, old)
    for path in whole.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()
    assert len(list(again.iterdir())) == len(list(whole.iterdir()))
    kept = everything[0].calls - rest[0].calls
    assert 0 <= kept < stop_at and (kept > 0) == (stop_at > 2)


def test_produce_when_mirrored_by_chance_then_by_a_coin_of_each_image(
    old: dict[str, Path], tmp_path: Path
) -> None:
    run = _run(compat={"changes": {"epochs": 1}, "flip": "random"})
    plain, turned = _made(_run(), tmp_path / "a", old), _made(run, tmp_path / "b", old, seed=3)
    one, other = (features.load(path / TRAIN) for path in (plain, turned))
    coin = _old_images.is_mirrored(3, one.ids)
    assert 0.2 < coin.mean() < 0.8 and one.ids.tolist() == other.ids.tolist()
    assert np.array_equal((one.plain != other.plain).any(axis=1), coin)
    train = prepare(run.data, run.noise, 3, tmp_path).train
    shown = _pixels(run, train, tmp_path)[:, :, ::-1]
    model = open_model(named(str(train_stage.weights(old[OLD]))))
    rows = np.flatnonzero(coin[one.places(train.ids)])
    mirrored = model.embed(np.ascontiguousarray(shown[rows]))
    _close(other.plain[other.places(train.ids[rows])], mirrored)
    for name in (SELECTION, benchmark("faces")):
        same = [features.load(path / name).plain for path in (plain, turned)]
        assert np.array_equal(*same)
    assert safeio.read_json(turned / ABOUT)["seed"] == 3
    assert np.array_equal(_old_images.is_mirrored(3, one.ids[[5]]), coin[[5]])


def _key(run: TrainConfig, seed: int = 0) -> str:
    return digests(run, seed, DATASETS)[FEATURES]


def _shared(**changes: Any) -> TrainConfig:
    """With one old model for all, whatever the noise that the new one is trained with."""
    none = {f"noise.{name}.ratio": 0 for name in ("closed", "open", "blur")}
    before = {"epochs": 1, "head": "softmax"} | none
    return _run(compat={"changes": before, "seed": 0}, **changes)


def test_digests_when_noise_is_in_labels_alone_then_ratios_and_seeds_share_one() -> None:
    run = _shared()
    for other in ("noise.closed.ratio=0", "noise.closed.ratio=0.5", "head.margin=0.4", "epochs=9"):
        assert _key(override(run, [other])) == _key(run)
    assert _key(run, 0) == _key(run, 7)
    for name in ("noise.open.ratio=0.2", "noise.blur.ratio=0.2"):
        other = override(run, [name])
        assert _key(other) != _key(run) and _key(other, 0) != _key(other, 7)


def test_digests_when_the_images_or_the_model_are_others_then_differ() -> None:
    run = _shared()
    for change in (
        "data.holdout.num_pairs=80",
        "data.train.images=9",
        "compat.changes.epochs=2",
        "compat.seed=1",
        "compat.flip=random",
    ):
        assert _key(override(run, [change])) != _key(run), change
    own = _run()
    assert _key(own, 0) != _key(own, 7)
    turned = override(run, ["compat.flip=random"])
    assert _key(turned, 0) != _key(turned, 7)


def test_view_when_noise_changes_images_then_they_are_those_of_the_run(
    old: dict[str, Path], tmp_path: Path
) -> None:
    run = _run(noise=OPEN)
    assert run.stage_runs()[FEATURES].noise == run.noise
    folder = _made(run, tmp_path, old, seed=2)
    train = prepare(run.data, run.noise, 2, tmp_path).train
    found = features.load(folder / TRAIN)
    assert sorted(found.ids.tolist()) == sorted(train.ids.tolist())
    assert any(name.startswith("open:") for name in found.ids.tolist())
    assert found.about["images"] == train.digest


def _alone(store: Path, **fields: Any) -> Any:
    """The job of a stage with these settings, for a run of the usual data."""
    run = _run()
    return dataclasses.replace(
        job(run, FEATURES, store, {}), stage=old_features.Config.parse(fields)
    )


def test_produce_when_the_model_is_at_a_path_then_the_same_features(
    old: dict[str, Path], tmp_path: Path
) -> None:
    whole = _made(_run(), tmp_path, old)
    folder = tmp_path / "by path"
    path = train_stage.weights(old[OLD])
    for given in (path, path / "model.safetensors"):
        facts = old_features.produce(_alone(tmp_path, path=str(given)), folder / given.name)
        for name in (TRAIN, "benchmark-faces.arrow"):
            assert (folder / given.name / name).read_bytes() == (whole / name).read_bytes()
        assert facts["dimensions"] == 16 and facts["images"]["train"] == 64
    one, other = (
        old_features.Config(path=str(given)) for given in (path, path / "model.safetensors")
    )
    assert digest(one) == digest(other) and one.sha256 == other.sha256


def test_produce_when_the_content_at_a_path_is_another_then_refused(
    old: dict[str, Path], tmp_path: Path
) -> None:
    path = str(train_stage.weights(old[OLD]))
    with pytest.raises(DataError, match="checksum begins with"):
        old_features.produce(_alone(tmp_path, path=path, sha256="0" * 16), tmp_path / "out")


def _file(store: Path, *, without: int = 0) -> Path:
    """Features of all images of the run, of another program."""
    prepared = prepare(_run().data, _run().noise, 0, store)
    assert prepared.selection is not None
    sets = (prepared.train, prepared.selection.manifest, prepared.benchmarks[0].manifest)
    ids = sorted({name for one in sets for name in one.ids.tolist()})[without:]
    values = np.random.default_rng(0).normal(size=(len(ids), 7)).astype(np.float32)
    np.savez(store / "f.npz", ids=np.array(ids), embeddings=values)
    return store / "f.npz"


def test_produce_when_features_are_there_then_those_of_the_images(tmp_path: Path) -> None:
    path = _file(tmp_path)
    facts = old_features.produce(_alone(tmp_path, path=str(path)), tmp_path / "out")
    assert facts["dimensions"] == 7
    whole, found = features.from_vectors(path), features.load(tmp_path / "out" / "train.arrow")
    _close(found.plain, whole.plain[whole.places(found.ids)])
    told = safeio.read_json(tmp_path / "out" / ABOUT)
    assert told["kind"] == "file" and not told["sets"]["benchmark-faces"]["mirrored"]


def test_produce_when_features_lack_images_then_says_how_many_and_which(tmp_path: Path) -> None:
    path = _file(tmp_path, without=3)
    with pytest.raises(DataError, match="images have no vector, first "):
        old_features.produce(_alone(tmp_path, path=str(path)), tmp_path / "out")


def test_produce_when_ids_are_of_two_sets_then_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, every = _file(tmp_path), _old_images.every

    def doubled(*given: Any) -> list[_old_images.Images]:
        *others, last = every(*given)
        ids = others[0].manifest.ids[: len(last.manifest)]
        return [
            *others,
            dataclasses.replace(last, manifest=dataclasses.replace(last.manifest, ids=ids)),
        ]

    monkeypatch.setattr(_old_images, "every", doubled)
    with pytest.raises(DataError, match="of the training set and of benchmark-faces alike"):
        old_features.produce(_alone(tmp_path, path=str(path)), tmp_path / "out")


def test_produce_when_the_old_model_knows_people_that_are_held_out_then_refused(
    tmp_path: Path,
) -> None:
    half = {"name": "class_split", "share": 0.5, "part": "old"}
    old = {"epochs": 1, "data.part": half, "data.holdout.fraction": 0.0}
    with pytest.raises(ConfigError, match=r"trained on \d people .* data\.holdout\.of=whole"):
        _made(_run(compat={"changes": old}), tmp_path, {OLD: tmp_path})


@pytest.mark.parametrize("is_same", [True, False])
def test_produce_when_a_run_at_a_path_knows_people_that_are_held_out_then_refused(
    old: dict[str, Path], tmp_path: Path, is_same: bool
) -> None:
    """The old one held out a third of the people, this run holds out more of them."""
    asked = _alone(tmp_path, path=str(train_stage.weights(old[OLD])))
    changes = ["data.holdout.fraction=0.6"]
    if not is_same:
        changes.append("data.train.world.grain=0.2")
    asked = dataclasses.replace(asked, run=override(asked.run, changes))
    if is_same:
        with pytest.raises(ConfigError, match=r"old model \(/.* trained on \d people that"):
            old_features.produce(asked, tmp_path / "out")
    else:
        old_features.produce(asked, tmp_path / "out")


class _Spoilt:
    """A model whose every number is one value."""

    colour = "RGB"

    def __init__(self, value: float, size: int = 32) -> None:
        self.value, self.size = value, size
        self.about = {"kind": "spoilt", "digest": "ab", "dimensions": 4}

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.full((len(images), 4), self.value, dtype=np.float32)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (_Spoilt(np.nan), NumericsError, "is not finite"),
        (_Spoilt(0.0), NumericsError, "all 64 training images are zero"),
        (_Spoilt(1.0, 112), ConfigError, "takes images of 112 pixels, and those of this run have"),
    ],
)
def test_produce_when_the_model_is_unfit_then_refused(
    model: _Spoilt,
    error: type[Exception],
    message: str,
    old: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_old_features, "open_model", lambda *_: model)
    with pytest.raises(error, match=message):
        _made(_run(), tmp_path, old)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "expected one of the two"),
        ({"model": OLD, "path": "x", "sha256": "0" * 16}, "expected one of the two"),
        ({"path": "x.npz", "sha256": "0" * 16, "flip": "random"}, "leave flip out"),
    ],
    ids=str,
)
def test_view_when_the_settings_do_not_fit_then_says_what_is_wrong(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        old_features.view(old_features.Config.parse(fields), _run())


def test_view_when_a_seed_is_set_though_noise_draws_images_then_refused() -> None:
    stage = old_features.Config(model=OLD, seed=1)
    assert old_features.view(stage, _run()).noise.active == ()
    with pytest.raises(ConfigError, match="every replicate draws images of its own"):
        old_features.view(stage, _run(noise=OPEN))


def test_parse_when_the_old_model_takes_other_images_then_says_both_sizes() -> None:
    with pytest.raises(
        ConfigError, match="takes images of 48 pixels, and those of this run have 32"
    ):
        _run(compat={"changes": {"data.size": 48}})


def test_costs_when_asked_then_a_pass_of_the_old_network_and_the_bytes_of_a_row() -> None:
    run = _run(compat={"changes": {"backbone.embedding_size": 24}, "dimensions": "pad"})
    found = costs(run)[FEATURES]
    (passed,) = found.passes
    assert passed.backbone.embedding_size == 24 and found.sample_bytes == 2 * 24 + 4
    stage = old_features.Config(path="x.npz", sha256="0" * 16)
    assert old_features.cost(stage, run).passes == ()


def test_about_when_written_then_is_plain_and_repeats(old: dict[str, Path], tmp_path: Path) -> None:
    told = [json.loads((_made(_run(), tmp_path / name, old) / ABOUT).read_text()) for name in "ab"]
    assert told[0] == told[1]
    assert old_features.features(tmp_path) == tmp_path
    assert staged.module_of(_run(), FEATURES) is old_features


def test_features_when_saved_by_hand_then_can_be_the_old_ones(tmp_path: Path) -> None:
    """Our own file of features, as an old model's."""
    whole = features.from_vectors(_file(tmp_path))
    Features(whole.ids, whole.plain, whole.plain, {"digest": "cd"}).save(tmp_path / "own.arrow")
    stage = _alone(tmp_path, path=str(tmp_path / "own.arrow"))
    facts = old_features.produce(stage, tmp_path / "out")
    assert facts["digest"] == "cd"
    assert safeio.read_json(tmp_path / "out/about.json")["sets"]["benchmark-faces"]["mirrored"]
