import numpy as np
import pytest

from frlib.bench import plain_templates
from frlib.core.errors import ConfigError, NumericsError, ProtocolError
from frlib.metrics.templates import HEADLINE, SETTINGS, pool, positions


def _images(seed, images=200, templates=12, dim=8):
    """Scattered rows, ids with gaps, media that repeat between templates."""
    draw = np.random.default_rng(seed)
    return {
        "emb_ND": draw.normal(size=(images, dim)).astype(np.float32),
        "flip_ND": draw.normal(size=(images, dim)).astype(np.float32),
        "template_N": draw.integers(0, templates, images) * 7 - 20,
        "media_N": draw.integers(0, 4, images) * 1000,
        "score_N": draw.uniform(0.1, 1, images).astype(np.float32),
    }


def _plain(given, setting):
    return plain_templates.pooled(
        given["emb_ND"],
        given["flip_ND"],
        given["template_N"],
        given["media_N"],
        given["score_N"],
        setting,
    )


@pytest.mark.parametrize("rows", [1, 7, 64, 4096])
def test_pool_when_any_setting_and_block_then_equals_the_loops(rows):
    given = _images(0)
    found = pool(**given, settings=SETTINGS, rows_at_once=rows)
    assert list(found) == list(SETTINGS)
    for setting, templates in found.items():
        assert templates.setting == setting
        assert templates.features.dtype == np.float32
        assert templates.ids.tolist() == np.unique(given["template_N"]).tolist()
        np.testing.assert_allclose(templates.features, _plain(given, setting), atol=1e-6)


def test_pool_when_all_settings_or_one_then_the_same_bits():
    given = _images(1)
    every = pool(**given, settings=SETTINGS)
    for setting in SETTINGS:
        alone = pool(**given, settings=[setting])[setting]
        np.testing.assert_array_equal(alone.features, every[setting].features)


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_pool_when_embeddings_are_memory_maps_then_as_from_memory(tmp_path, kind):
    given = _images(2)
    maps = {}
    for name in ("emb_ND", "flip_ND"):
        given[name] = given[name].astype(kind)
        np.save(tmp_path / f"{name}.npy", given[name])
        maps[name] = np.load(tmp_path / f"{name}.npy", mmap_mode="r")
    found = pool(**(given | maps), rows_at_once=16)[HEADLINE]
    expected = pool(**given, rows_at_once=16)[HEADLINE]
    np.testing.assert_array_equal(found.features, expected.features)


def test_pool_when_one_image_a_template_then_its_direction():
    given = _images(3, images=9)
    given["template_N"] = np.arange(9)[::-1]
    found = pool(**given, settings=["N0D1F0"])["N0D1F0"]
    emb = given["emb_ND"][::-1]
    np.testing.assert_allclose(
        found.features, emb / np.linalg.norm(emb, axis=1, keepdims=True), atol=1e-6
    )


def test_pool_when_a_medium_is_duplicated_frame_by_frame_then_unchanged():
    given = _images(4)
    twice = {name: np.concatenate((array, array)) for name, array in given.items()}
    np.testing.assert_allclose(
        pool(**twice)[HEADLINE].features, pool(**given)[HEADLINE].features, atol=1e-6
    )


def test_pool_when_every_image_is_its_own_medium_then_the_weighted_sum():
    given = _images(5)
    given["media_N"] = np.arange(200)
    found = pool(**given)[HEADLINE]
    both = (given["emb_ND"] + given["flip_ND"]).astype(np.float64) * given["score_N"][:, None]
    summed = both[given["template_N"] == found.ids[3]].sum(axis=0)
    np.testing.assert_allclose(found.features[3], summed / np.linalg.norm(summed), atol=1e-6)


def test_pool_when_norms_are_one_and_scores_equal_then_switches_change_nothing():
    given = _images(6)
    given["emb_ND"] /= np.linalg.norm(given["emb_ND"], axis=1, keepdims=True)
    given["score_N"] = np.full(200, 0.5)
    found = pool(**given, settings=["N1D1F0", "N1D0F0", "N0D1F0", "N0D0F0"])
    first = found["N1D1F0"].features
    for templates in found.values():
        np.testing.assert_allclose(templates.features, first, atol=1e-6)


@pytest.mark.parametrize("setting", SETTINGS)
def test_pool_when_images_or_templates_are_zero_then_zero_and_counted(setting):
    given = _images(7)
    given["emb_ND"][given["template_N"] == -20] = 0
    given["flip_ND"][given["template_N"] == -20] = 0
    found = pool(**given, settings=[setting])[setting]
    assert found.num_zero == 1
    assert found.num_zero_images == (given["template_N"] == -20).sum()
    assert not found.features[0].any()
    assert np.isfinite(found.features).all()


def test_pool_when_given_what_needs_not_be_then_does_without():
    given = _images(8)
    alone = pool(
        given["emb_ND"], given["template_N"], given["media_N"], settings=["N0D0F0", "N1D0F0"]
    )
    np.testing.assert_array_equal(
        alone["N0D0F0"].features, pool(**given, settings=["N0D0F0"])["N0D0F0"].features
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("view", ["emb_ND", "flip_ND"])
def test_pool_when_an_image_is_not_finite_then_error_names_it(bad, view):
    given = _images(9)
    given[view][137, 2] = bad
    with pytest.raises(NumericsError, match="image 137"):
        pool(**given, rows_at_once=50)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"settings": ["N2D1F1"]}, ConfigError, "N2D1F1"),
        ({"flip_ND": None}, ProtocolError, "mirrored"),
        ({"score_N": None}, ProtocolError, "face scores"),
        ({"flip_ND": np.zeros((200, 7), np.float32)}, ProtocolError, "both views"),
        ({"emb_ND": np.zeros((0, 8), np.float32)}, ProtocolError, "shape"),
        ({"emb_ND": np.zeros(200, np.float32)}, ProtocolError, "shape"),
        ({"emb_ND": np.zeros((200, 8), int)}, ProtocolError, "int64"),
        ({"template_N": np.zeros(199, int)}, ProtocolError, "199 template ids"),
        ({"media_N": np.zeros(200)}, ProtocolError, "whole"),
        ({"score_N": np.ones(3)}, ProtocolError, "one an image"),
        ({"score_N": np.full(200, np.nan)}, ProtocolError, "image 0"),
        ({"score_N": np.full(200, -0.1)}, ProtocolError, "negative"),
    ],
)
def test_pool_when_input_is_unusable_then_typed_error(change, error, text):
    with pytest.raises(error, match=text):
        pool(**(_images(10) | change))


@pytest.mark.parametrize("step", [1, 3, 2**26])
def test_positions_when_ids_are_known_then_their_rows(step):
    known = np.arange(-5, 20, dtype=np.int64) * step
    wanted = known[[3, 24, 0, 3]]
    assert positions(known, wanted).tolist() == [3, 24, 0, 3]
    assert positions(known, wanted).dtype == np.int32


@pytest.mark.parametrize("step", [2, 2**26])
@pytest.mark.parametrize("offset", [1, -1, 10**12, -(10**12)])
def test_positions_when_an_id_is_unknown_then_error_names_it(step, offset):
    known = np.arange(6, dtype=np.int64) * step
    with pytest.raises(ProtocolError, match=f"template {known[2] + offset} "):
        positions(known, [0, known[2] + offset])
