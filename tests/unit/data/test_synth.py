import hashlib
import math

import numpy as np
import pytest

from frlib.core.config import digest, to_dict
from frlib.core.errors import ConfigError, DataError
from frlib.data import catalog
from frlib.data.reader import Reader
from frlib.data.sources import synth
from frlib.data.synth.canvas import Canvas, Pose
from frlib.data.synth.people import TRAITS, World, traits
from frlib.data.synth.render import CHUNK_PIXELS, VERSION, render
from frlib.data.synth.shots import NORMAL, draw


def _column(value: float) -> np.ndarray:
    return np.full((1, 1, 1), value, np.float32)


def _canvas(size: int, *, roll: float = 0.0) -> Canvas:
    pose = Pose(
        _column(math.cos(roll)), _column(math.sin(roll)), _column(1), _column(0), _column(0)
    )
    u, v = pose.coordinates(size)
    rgb = np.zeros((3, 1, size, size), np.float32)
    return Canvas(pose, size, u, v, rgb, _column(1.1 / size))


def _cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a = a.reshape(len(a), -1) - 127.5
    b = b.reshape(len(b), -1) - 127.5
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (a * b).sum(axis=1) / norms


@pytest.mark.parametrize("size", [17, 32, 64])
@pytest.mark.parametrize("world", [World(), World(spread=1.5, nuisance=4.0, occlusion=0.8)])
def test_render_when_alone_or_in_a_batch_then_the_same_bits(world: World, size: int) -> None:
    n = min(CHUNK_PIXELS // size**2 + 3, 67)
    people, shots = np.arange(n) // 3, np.arange(n) % 3
    together = render(world, people, shots, size)
    alone = [render(world, people[i : i + 1], shots[i : i + 1], size)[0] for i in range(n)]
    np.testing.assert_array_equal(together, np.stack(alone))


def test_render_when_order_changes_then_each_picture_stays() -> None:
    people, shots = np.arange(40) // 4, np.arange(40) % 4
    order = np.random.default_rng(1).permutation(40)
    expected = render(World(), people, shots, 32)[order]
    np.testing.assert_array_equal(render(World(), people[order], shots[order], 32), expected)


def test_render_when_seed_person_or_shot_differ_then_picture_differs() -> None:
    def one(seed: int, person: int, shot: int) -> np.ndarray:
        return render(World(seed=seed), np.array([person]), np.array([shot]), 32)

    first = one(0, 0, 0).astype(int)
    for other in (one(1, 0, 0), one(0, 1, 0), one(0, 0, 1)):
        assert np.abs(first - other).mean() > 3


def test_render_when_asked_then_uint8_rgb_using_the_range() -> None:
    pictures = render(World(), np.arange(30), np.zeros(30, np.int64), 48)
    assert pictures.shape == (30, 48, 48, 3)
    assert pictures.dtype == np.uint8
    assert 70 < pictures.mean() < 190
    assert pictures.min() < 20
    assert pictures.max() > 235
    faces = pictures[:, 20:34, 18:30].reshape(-1, 3).mean(axis=0)
    assert faces[0] > faces[1] > faces[2], "skin is redder than green and greener than blue"


def test_render_when_small_then_like_the_large_one_averaged() -> None:
    people = np.arange(12)
    world = World(grain=0.0, nuisance=0.0, occlusion=0.0)
    shots = np.zeros(12, np.int64)
    small = render(world, people, shots, 32).astype(float)
    large = render(world, people, shots, 128).astype(float)
    averaged = large.reshape(12, 32, 4, 32, 4, 3).mean(axis=(2, 4))
    assert np.abs(small - averaged).mean() < 3.0


def test_pixels_when_compared_raw_then_hardly_tell_people_apart() -> None:
    people = np.arange(300)
    shots = np.zeros(300, np.int64)
    first = render(World(), people, shots, 32).astype(np.float64)
    second = render(World(), people, shots + 1, 32).astype(np.float64)
    same, different = _cosine(first, second), _cosine(first, np.roll(second, 1, axis=0))
    wins = (same[:, None] > different).mean()
    assert 0.5 < wins < 0.68, "area under the curve of raw pixels"


def test_traits_when_many_people_then_mean_and_deviation_as_declared() -> None:
    world = World(own=1.0)
    found = traits(world, np.arange(1500))
    for name, (mean, sd) in TRAITS.items():
        values = found[name].ravel().astype(np.float64)
        assert abs(values.mean() - mean) < 4.5 * sd / math.sqrt(1500), name
        assert 0.9 * sd < values.std() < 1.05 * sd, name


def test_traits_when_spread_halves_then_distance_from_the_mean_halves() -> None:
    wide, narrow = (traits(World(spread=s), np.arange(20)) for s in (1.0, 0.5))
    for name, (mean, _) in TRAITS.items():
        np.testing.assert_allclose(narrow[name] - mean, (wide[name] - mean) / 2, atol=2e-6)


def test_traits_when_nothing_is_their_own_then_as_many_dimensions_as_factors() -> None:
    found = traits(World(own=0.0, factors=5), np.arange(200))
    mean, sd = np.array(list(TRAITS.values())).T
    table = np.stack([found[name].ravel() for name in TRAITS], axis=1)
    sizes = np.linalg.svd((table - mean) / sd, compute_uv=False)
    assert sizes[4] > 1
    assert sizes[5] < 0.01


def test_shots_when_no_nuisance_then_everyone_under_the_mean_conditions() -> None:
    people = np.arange(6)
    found = draw(World(nuisance=0.0), people, people * 0, 16)
    for name, (mean, _) in NORMAL.items():
        np.testing.assert_allclose(found.columns[name], mean, atol=1e-7)
    assert abs(float(found.grain.mean())) < 0.05
    assert 0.97 < float(found.grain.std()) < 1.03


@pytest.mark.parametrize(("rx", "ry"), [(0.5, 0.3), (0.12, 0.4)])
def test_ellipse_when_larger_than_a_pixel_then_area_is_pi_rx_ry(rx: float, ry: float) -> None:
    coverage = _canvas(64).ellipse(0.1, -0.05, rx, ry)
    area = float(coverage.sum()) * (2 / 64) ** 2
    assert area == pytest.approx(math.pi * rx * ry, rel=0.04)
    assert (coverage.min(), coverage.max()) == (0, 1)
    assert coverage.dtype == np.float32


def test_ellipse_when_negative_or_no_radius_then_nothing() -> None:
    canvas = _canvas(32)
    for radius in (0.0, -0.02):
        assert not canvas.ellipse(0.0, 0.0, _column(radius), _column(radius)).any()


def test_band_when_turned_then_outside_of_it_nothing_is_covered() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        canvas = _canvas(40, roll=rng.uniform(-0.8, 0.8))
        x, y = rng.uniform(-0.6, 0.6, 2)
        rx, ry, tilt, bend = rng.uniform((0.02, 0.005, -0.5, -3), (0.4, 0.2, 0.5, 3))
        shape = (_column(rx), _column(ry), _column(tilt), _column(bend))
        band = canvas.band(float(x), float(y), canvas.reach(*shape))
        whole = canvas.ellipse(float(x), float(y), *shape)
        inside = np.zeros_like(whole)
        band.rows_of(inside)[:] = band.ellipse(float(x), float(y), *shape)
        np.testing.assert_array_equal(inside, whole)
        assert whole.sum() > 0


def test_manifest_when_scanned_then_ids_labels_and_checksums() -> None:
    config = synth.Config(identities=3, images=2, part="eval", world=World(seed=7))
    found = synth.scan(config)
    assert found.ids.tolist() == [
        "id100000/0000", "id100000/0001", "id100001/0000",
        "id100001/0001", "id100002/0000", "id100002/0001",
    ]  # fmt: skip
    assert found.labels.tolist() == found.true_labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert found.colour == "RGB"
    assert found.readers == (config,)
    text = (
        f'synth {VERSION} {{"factors":12,"grain":0.02,"nuisance":1.0,"occlusion":0.15,"own":0.25,'
        '"seed":7,"spread":1.0} 1000010001'
    )
    assert found.checksums[3] == hashlib.sha256(text.encode()).hexdigest()[:32].encode()


def test_parts_when_of_one_world_then_share_nobody() -> None:
    parts = [
        synth.scan(synth.Config(part=part, identities=30, images=2))
        for part in ("train", "eval", "outliers")
    ]
    names = [name for part in parts for name in part.identities]
    sums = np.concatenate([part.checksums for part in parts])
    assert len(set(names)) == 90
    assert len(np.unique(sums)) == 180


def test_people_when_more_are_asked_for_then_the_first_stay() -> None:
    few = synth.scan(synth.Config(identities=4, images=5, fewest_images=2))
    many = synth.scan(synth.Config(identities=9, images=5, fewest_images=2))
    kept = many.take(np.isin(many.ids, few.ids))
    assert kept.ids.tolist() == few.ids.tolist()
    assert kept.checksums.tolist() == few.checksums.tolist()


def test_long_tail_when_asked_then_counts_between_the_bounds_and_most_are_small() -> None:
    sizes = synth.scan(synth.Config(identities=400, images=64, fewest_images=4)).class_sizes
    assert sizes.min() == 4
    assert 48 <= sizes.max() <= 64
    expected_median = 4 * 16**0.25
    assert abs(np.median(sizes) - expected_median) <= 2


def test_reader_when_given_refs_then_the_pictures_of_these_people() -> None:
    config = synth.Config(identities=5, images=4, part="outliers")
    manifest, reader = synth.scan(config), synth.open_reader(config)
    assert isinstance(reader, Reader)
    rows = manifest.take(np.array([13, 2]))
    expected = render(config.world, np.array([200_003, 200_000]), np.array([1, 2]), 24)
    np.testing.assert_array_equal(reader.images(rows.refs, 24), expected)


def test_reader_when_ref_is_of_another_part_then_error_names_both() -> None:
    theirs = synth.scan(synth.Config(identities=2, images=2, part="eval"))
    reader = synth.open_reader(synth.Config(identities=2, images=2))
    with pytest.raises(DataError, match=r"1000000000 is not one of the 2 people of part 'train'"):
        reader.images(theirs.refs, 16)


def test_config_when_tail_is_longer_than_the_head_then_error() -> None:
    with pytest.raises(ConfigError, match="fewest_images=9 exceeds images=8"):
        synth.Config.parse({"images": 8, "fewest_images": 9})


def test_config_when_round_tripped_then_same_digest() -> None:
    config = synth.Config(part="eval", world=World(spread=0.75, nuisance=1.4))
    again = synth.Config.parse(to_dict(config))
    assert again == config
    assert digest(again) == digest(config) != digest(synth.Config(part="eval"))


def test_catalog_when_asked_for_synth_then_finds_the_module(tmp_path) -> None:
    config = synth.Config(identities=2, images=3)
    assert len(catalog.scan(config, tmp_path)) == 6
    refs = catalog.scan(config, tmp_path).refs
    assert catalog.open_reader(config).images(refs, 16).shape == (6, 16, 16, 3)


def test_groups_when_there_are_none_then_manifest_and_digest_as_ever() -> None:
    config = synth.Config(identities=12, images=8)
    assert synth.scan(config).digest == "0470ebd74b71b8bc"
    assert "groups" not in to_dict(config, places=False)
    assert digest(config) != digest(synth.Config(identities=12, images=8, groups=2))


def test_groups_when_asked_for_then_in_folders_and_each_harder_than_the_one_before() -> None:
    config = synth.Config(identities=7, images=2, groups=3, world=World(spread=0.8))
    found = synth.scan(config)
    assert found.identities == (
        "g0/id000000", "g0/id000003", "g0/id000006",
        "g1/id000001", "g1/id000004",
        "g2/id000002", "g2/id000005",
    )  # fmt: skip
    assert found.ids[0] == "g0/id000000/0000"
    assert [world.spread for world in config.worlds] == pytest.approx([0.8, 0.6, 0.4])
    plain = synth.scan(config.model_copy(update={"groups": 0}))
    shared = set(found.checksums.tolist()) & set(plain.checksums.tolist())
    assert len(shared) == 2 * 3, "the first group is as hard as everybody was"


def test_groups_when_painted_then_each_picture_is_of_its_groups_world() -> None:
    config = synth.Config(identities=7, images=2, groups=3)
    found = synth.scan(config)
    pictures = synth.open_reader(config).images(found.refs, 24)
    for ref, picture in zip(found.refs.tolist(), pictures, strict=True):
        person, shot = divmod(ref, synth.MOST_IMAGES)
        world = config.worlds[person % 3]
        np.testing.assert_array_equal(
            picture, render(world, np.array([person]), np.array([shot]), 24)[0]
        )


@pytest.mark.parametrize("groups", [1, 6])
def test_groups_when_some_would_be_empty_or_there_is_one_then_error(groups: int) -> None:
    with pytest.raises(ConfigError, match=rf"groups={groups} of 5 identities"):
        synth.Config.parse({"identities": 5, "groups": groups})
