"""Whole-batch changes against the same done image by image, in plain numpy."""

import numpy as np
import pytest
import torch

from frlib.core.seeds import stream
from frlib.data.augment import Augment, Draws, draws
from frlib.train import augment
from frlib.train.augment import network_input

COUNT, SIZE = 70, 12
IMAGES = stream(0, "test").integers(0, 256, (COUNT, SIZE, SIZE, 3), dtype=np.uint8)
NONE = Draws(np.zeros(COUNT, dtype=bool))
CHANGES = {
    "flip": Augment(),
    "crop": Augment(flip=False, crop=3),
    "crop and flip": Augment(crop=5),
    "brightness": Augment(flip=False, brightness=0.6),
    "contrast": Augment(flip=False, contrast=0.8),
    "saturation": Augment(flip=False, saturation=1.0),
    "everything": Augment(crop=2, brightness=0.4, contrast=0.4, saturation=0.4),
}


def _one(image: np.ndarray, number: int, changes: Draws) -> np.ndarray:
    """`[S, S, 3]` uint8 -> `[3, S, S]` float64, slowly."""
    if changes.shift is not None:
        down, right = changes.shift[number]
        most = SIZE
        wide = np.pad(image, ((most, most), (most, most), (0, 0)), mode="edge")
        image = wide[most + down :, most + right :][:SIZE, :SIZE]
    if changes.flip[number]:
        image = image[:, ::-1]
    x = image / 255.0
    if changes.colour is not None:
        brightness, contrast, saturation = changes.colour[number].astype(np.float64)

        def grey(values: np.ndarray) -> np.ndarray:
            return values @ np.array([0.299, 0.587, 0.114])

        x = np.clip(x * brightness, 0, 1)
        x = np.clip(contrast * x + (1 - contrast) * grey(x).mean(), 0, 1)
        x = np.clip(saturation * x + (1 - saturation) * grey(x)[..., None], 0, 1)
    return (2 * x - 1).transpose(2, 0, 1)


@pytest.mark.parametrize("name", CHANGES)
def test_input_when_changed_as_a_batch_then_as_image_by_image(name: str) -> None:
    changes = draws(CHANGES[name], COUNT, seed=1, epoch=0)
    found = network_input(torch.from_numpy(IMAGES), changes)
    expected = np.stack([_one(image, i, changes) for i, image in enumerate(IMAGES)])
    assert np.abs(expected - np.stack([_one(i, 0, NONE) for i in IMAGES])).max() > 0.1
    assert found.dtype == torch.float32
    assert found.shape == (COUNT, 3, SIZE, SIZE)
    assert found.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-6)


def test_input_when_only_mirrored_then_bit_equal_to_scaling_by_the_book() -> None:
    """x/127.5 - 1 in float32, as in every run before there was more to change."""
    changes = draws(Augment(), COUNT, seed=1, epoch=0)
    found = network_input(torch.from_numpy(IMAGES), changes)
    mirrored = IMAGES.copy()
    mirrored[changes.flip] = mirrored[changes.flip, :, ::-1]
    expected = mirrored.astype(np.float32) / np.float32(127.5) - np.float32(1)
    np.testing.assert_array_equal(found.numpy(), expected.transpose(0, 3, 1, 2))


def test_input_when_nothing_is_drawn_then_the_buffer_is_left_alone() -> None:
    for changes in (NONE, draws(CHANGES["everything"], COUNT, 0, 0)):
        buffer = IMAGES.copy()
        found = network_input(torch.from_numpy(buffer), changes)
        np.testing.assert_array_equal(buffer, IMAGES)
        before = found.clone()
        buffer[:] = 0
        assert torch.equal(found, before), "the loader may fill the buffer again"


def test_input_when_given_memory_then_it_holds_the_result() -> None:
    out = torch.empty(IMAGES.shape)
    for name in ("flip", "everything"):
        changes = draws(CHANGES[name], COUNT, seed=1, epoch=0)
        found = network_input(torch.from_numpy(IMAGES), changes, out)
        assert found.data_ptr() == out.data_ptr()
        assert torch.equal(found, network_input(torch.from_numpy(IMAGES), changes))


def test_input_when_a_device_takes_the_batch_at_once_then_as_in_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for changes in (draws(change, COUNT, seed=1, epoch=0) for change in CHANGES.values()):
        blocks = network_input(torch.from_numpy(IMAGES), changes)
        with monkeypatch.context() as patch:
            patch.setattr(augment, "_IN_CACHE", COUNT)
            assert torch.equal(network_input(torch.from_numpy(IMAGES), changes), blocks)


def test_input_when_the_default_type_is_float64_then_exact_in_it() -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        changes = draws(CHANGES["everything"], COUNT, seed=1, epoch=0)
        found = network_input(torch.from_numpy(IMAGES), changes)
    finally:
        torch.set_default_dtype(before)
    expected = np.stack([_one(image, i, changes) for i, image in enumerate(IMAGES)])
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)
