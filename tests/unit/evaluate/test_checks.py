from pathlib import Path

import numpy as np

from frlib.data.recognise import recognise
from frlib.evaluate import checks
from tests.unit.data.tiny_sets import people, write_folder


def _images() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Persons differ in how red changes over the picture; blue is the same noise for all."""
    rng = np.random.default_rng(1)
    num = 60
    pattern = rng.integers(60, 200, size=(num, 4, 4))
    images = rng.integers(0, 255, size=(2 * num, 16, 16, 3)).astype(np.uint8)
    for n in range(2 * num):
        red = np.kron(pattern[n // 2], np.ones((4, 4))) + rng.normal(0, 20, size=(16, 16))
        images[n, ..., 0] = red.clip(0, 255)
    same = np.arange(num) % 2 == 0
    left = 2 * np.arange(num)
    right = np.where(same, left + 1, (left + 3) % (2 * num))
    return images, left, right, same


def _red(images: np.ndarray) -> np.ndarray:
    """A model that looks at the red channel alone."""
    blocks = images[..., 0].reshape(len(images), 4, 4, 4, 4).astype(np.float32).mean(axis=(2, 4))
    found: np.ndarray = blocks.reshape(len(images), 16)
    return found - found.mean(axis=1, keepdims=True)


def test_compared_when_channels_are_swapped_then_said() -> None:
    images, left, right, same = _images()
    found = checks.compared(_red, images[..., ::-1], left, right, same, "made")
    assert any("swapped channels" in text for text in found.warnings)
    assert found.facts["auc_channels_swapped"] > found.facts["auc"]


def test_compared_when_all_is_right_then_nothing_is_said() -> None:
    images, left, right, same = _images()
    found = checks.compared(_red, images, left, right, same, "made")
    assert found.warnings == ()
    assert found.facts["auc"] > 0.9


def test_compared_when_faces_lie_too_low_then_looks_misaligned() -> None:
    rng = np.random.default_rng(2)
    images = rng.integers(0, 255, size=(120, 20, 20, 3)).astype(np.uint8)
    images[:, 2:4] = np.repeat(images[::2, 2:4], 2, axis=0)

    def top(shown: np.ndarray) -> np.ndarray:
        """Looks where the person would be visible two rows higher, a tenth of the picture."""
        found = shown[:, :2].reshape(len(shown), -1).astype(np.float32)
        return found - found.mean(axis=1, keepdims=True)

    same = np.arange(60) % 2 == 0
    left = 2 * np.arange(60)
    right = np.where(same, left + 1, (left + 3) % 120)
    found = checks.compared(top, images, left, right, same, "made")
    assert [text for text in found.warnings if "misaligned" in text and "moved up" in text]
    assert any("hardly better than chance" in text for text in found.warnings)
    assert not any("swapped" in text for text in found.warnings)


def test_clearly_better_when_the_gain_is_small_or_rests_on_a_few_then_no() -> None:
    own = np.ones((50, 50))
    own[0] = 0
    assert not checks.clearly_better(np.ones((50, 50)), own)
    own[:10] = 0
    assert checks.clearly_better(np.ones((50, 50)), own)


def test_known_when_training_shares_images_and_people_then_counted(tmp_path: Path) -> None:
    everyone = people(2, 2, 2)
    write_folder(tmp_path / "eval", everyone)
    write_folder(
        tmp_path / "train", {"p01": everyone["p01"], "x": people(2, first_seed=900)["p00"]}
    )
    images, train = recognise(str(tmp_path / "eval")), recognise(str(tmp_path / "train"))
    found = checks.known(images, None, train, tmp_path / "store")
    assert (found.facts["images"], found.facts["people"]) == (2, 1)
    assert "p01" in found.warnings[1]
    clean = checks.known(images, ["p00/0.jpg"], train, tmp_path / "store")
    assert clean.warnings == ()
