"""Golden MegaFace vectors: accuracy at ranks 1..10, cleaned features, feature files."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.data.features import lists, single
from frlib.metrics.distractors import strongest, unit, unit_blocks
from frlib.metrics.megaface import Distractors, MegaFace, megaface
from frlib.metrics.refined import Probes, Variant, refined_probes
from tests.golden.case import Case

FEATURE = 1e-6
RATIO = 1e-12
COUNTS = frozenset({"n_ids", "n_probes", "n_distractors", "dim", "probe_gallery_trials"})
LISTED = frozenset({"facescrub_noises", "megaface_noises"})


def cases(root: Path) -> Iterator[Case]:
    """A case for every recorded value; anything unknown fails."""
    top = root / "eval" / "megaface"
    if not top.is_dir():
        return
    for folder in sorted(top.iterdir()):
        name = folder.relative_to(root).as_posix()
        if folder.name == "feature_bin":
            for path in sorted(folder.iterdir()):
                yield Case(path.relative_to(root).as_posix(), partial(_feature_file, path))
            continue
        expected = json.loads((folder / "expected.json").read_text())
        for key, value in expected.items():
            yield Case(f"{name}::{key}", partial(_value, folder, key, value))
        for part in ("probe_clean", "distractor_clean", "best_distractor_score"):
            yield Case(f"{name}/features.npz::{part}", partial(_features, folder, part))


class _Recorded:
    def __init__(self, folder: Path) -> None:
        (distractors,) = folder.glob("megaface_features_list.json*")
        self.images = lists.read_images(folder / "facescrub_features_list.json", has_persons=True)
        self.others = lists.read_images(distractors, has_persons=False)
        self.noisy = lists.noisy_probes(folder / "facescrub_noises.txt", self.images)
        self.noise = lists.noisy_distractors(folder / "megaface_noises.txt", self.others)
        with np.load(folder / "features.npz") as stored:
            self.arrays = {name: stored[name] for name in stored.files}

    def probes(self, noisy: bool = True) -> Probes:
        persons = np.array(self.images.persons)
        return Probes(
            features=self.arrays["probe"],
            persons=persons,
            noisy=self.noisy.flags if noisy else None,
        )

    def run(self, variant: Variant, noisy: bool = True) -> MegaFace:
        others = Distractors(features=self.arrays["distractor"], noisy=self.noise.flags)
        return megaface(self.probes(noisy), others, variants=(variant,), targets=(1e-2,))[0]


def _value(folder: Path, key: str, value: Any) -> None:
    recorded = _Recorded(folder)
    if key in LISTED:
        found = recorded.noisy if key == "facescrub_noises" else recorded.noise
        assert found.num_listed == found.flags.sum() == value
    elif key in COUNTS:
        raw = recorded.run("megaface-raw")
        assert (
            value
            == {
                "n_ids": raw.num_people,
                "n_probes": raw.num_probes,
                "n_distractors": raw.num_distractors,
                "dim": recorded.arrays["probe"].shape[1],
                "probe_gallery_trials": raw.num_trials,
            }[key]
        )
    elif key == "raw_cmc":
        _near(recorded.run("megaface-raw").cmc_K, value)
    elif key == "refined_cmc":
        _near(recorded.run("megaface-R-facexzoo").cmc_K, value)
    elif key == "refined_only_distractors_cmc":
        found = recorded.run("megaface-R-facexzoo", noisy=False).cmc_K
        _near(found[: len(value)], value)
    else:
        pytest.fail(f"{folder}: no code here knows {key!r}")


def _features(folder: Path, part: str) -> None:
    recorded = _Recorded(folder)
    wanted = recorded.arrays[part]
    if part == "probe_clean":
        found = refined_probes(recorded.probes())
        np.testing.assert_allclose(found, wanted, rtol=0, atol=FEATURE)
    elif part == "distractor_clean":
        zeroed = ~wanted.any(axis=1)
        np.testing.assert_array_equal(zeroed, recorded.noise.flags)
        found = unit(recorded.arrays["distractor"], "distractors")[~zeroed]
        np.testing.assert_allclose(found, wanted[~zeroed], rtol=0, atol=FEATURE)
    else:
        probes = unit(recorded.arrays["probe"], "probes")
        best = strongest(probes, unit_blocks(recorded.arrays["distractor"]), 1).top_MK[:, 0]
        np.testing.assert_allclose(best, wanted, rtol=0, atol=FEATURE)


def _feature_file(path: Path) -> None:
    found, plain = single.read(path), single.read(path.with_name("plain.npy"))
    np.testing.assert_array_equal(found[: len(plain)], plain)
    further = {"plain": [], "clean_ext0": [0.0], "noise_ext100": [100.0]}[path.stem]
    assert found[len(plain) :].tolist() == further


def _near(found: np.ndarray, wanted: Any) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0, atol=RATIO)
