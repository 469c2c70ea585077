import math

import numpy as np
import pytest

from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.denoise import subcenter_drop
from frlib.denoise.subcenter_drop import Config, decide, drop, keep_within
from tests.unit.denoise.worlds import embedded, evidence


def naive(emb, weight, labels, loss_k, angle):
    """The source's script: class by class, image by image."""
    unit = emb / np.linalg.norm(emb, axis=1, keepdims=True)
    centres = (weight / np.linalg.norm(weight, axis=1, keepdims=True)).reshape(
        -1, loss_k, emb.shape[1]
    )
    votes = np.zeros(centres.shape[:2], int)
    dominant = np.zeros(len(centres), int)
    cos, new_label, new_class = np.zeros(len(emb)), np.full(len(emb), -1), {}
    for c, sub in enumerate(centres):
        mine = [i for i in range(len(emb)) if labels[i] == c]
        for i in mine:
            votes[c, max(range(loss_k), key=lambda k, i=i, sub=sub: (sub[k] @ unit[i], -k))] += 1
        dominant[c] = max(range(loss_k), key=lambda k, c=c: (votes[c, k], -k))
        for i in mine:
            cos[i] = unit[i] @ sub[dominant[c]]
        stay = [i for i in mine if cos[i] > math.cos(math.radians(angle))]
        if stay:
            new_class[c] = len(new_class)
            new_label[stay] = new_class[c]
    return votes, dominant, cos, new_label, new_class


def faces(seed, images=97, classes=11, loss_k=3, dim=8):
    """Labels in random order; class 4 has no images, class 7 one, far from everything."""
    draw = np.random.default_rng(seed)
    weight = draw.normal(size=(classes * loss_k, dim)) * draw.uniform(0.1, 9, (classes * loss_k, 1))
    labels = draw.choice([c for c in range(classes) if c not in (4, 7)], images)
    labels[0] = 7
    emb = weight[labels * loss_k + draw.integers(loss_k, size=images)]
    emb = emb / np.linalg.norm(emb, axis=1, keepdims=True) + draw.normal(size=emb.shape) * 0.4
    emb[0] = -weight[21:24].sum(0)
    return emb, weight, labels


@pytest.mark.parametrize("loss_k", [1, 3, 10])
@pytest.mark.parametrize("angle", [30.0, 75.0, 120.0])
def test_drop_when_compared_with_loops_then_equal(loss_k, angle):
    emb, weight, labels = faces(loss_k, loss_k=3)
    weight = np.random.default_rng(0).permutation(np.repeat(weight, 10, 0))[: 11 * loss_k]
    found = drop(emb, weight, labels, loss_k, angle)
    votes, dominant, cos, new_label, new_class = naive(emb, weight, labels, loss_k, angle)
    np.testing.assert_array_equal(found.votes, votes)
    np.testing.assert_array_equal(found.dominant, dominant)
    np.testing.assert_allclose(found.cos_to_dominant, cos, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(found.keep, new_label >= 0)
    np.testing.assert_array_equal(found.new_label, new_label)
    assert found.new_class.tolist() == [new_class.get(c, -1) for c in range(11)]


def test_drop_when_a_class_is_empty_or_far_then_it_vanishes_and_the_rest_closes_up():
    found = drop(*faces(3), 3)
    assert found.votes[4].sum() == 0 and found.new_class[4] == -1
    assert found.votes[7].sum() == 1 and found.new_class[7] == -1
    assert not found.keep[0] and found.new_label[0] == -1
    assert found.new_class.tolist() == [0, 1, 2, 3, -1, 4, 5, -1, 6, 7, 8]


def test_drop_when_votes_tie_then_lowest_index_and_other_voters_are_measured_against_it():
    weight = np.array([[1, 0], [0, 1], [-1, 0]])
    emb = np.array([[0, 2.0], [3.0, 0]])
    found = drop(emb, weight, [0, 0], 3)
    assert found.votes.tolist() == [[1, 1, 0]]
    assert found.dominant.tolist() == [0]
    assert found.cos_to_dominant.tolist() == [0, 1]
    assert found.keep.tolist() == [False, True]


@pytest.mark.parametrize("dim", [3, 64, 512])
def test_drop_when_centres_are_equal_then_all_votes_go_to_the_lowest(dim):
    draw = np.random.default_rng(dim)
    centre = draw.normal(size=(1, dim))
    weight = np.repeat(centre, 7, axis=0) * np.array([[1], [2], [0.5], [4], [1], [1], [8]])
    emb = centre + draw.normal(size=(50, dim))
    assert drop(emb, weight, np.zeros(50, int), 7).votes.tolist() == [[50, 0, 0, 0, 0, 0, 0]]


def test_drop_when_an_image_voted_for_another_centre_but_is_near_then_kept():
    turned = np.deg2rad([0, 50])
    weight = np.stack([np.cos(turned), np.sin(turned)], 1)
    at = np.deg2rad([0, 1, 2, 60])
    emb = np.stack([np.cos(at), np.sin(at)], 1)
    found = drop(emb, weight, np.zeros(4, int), 2)
    assert found.votes.tolist() == [[3, 1]]
    assert found.keep.all()


def test_drop_when_lengths_change_then_same_decisions():
    emb, weight, labels = faces(5)
    scaled = drop(
        emb * np.random.default_rng(1).uniform(0.01, 100, (len(emb), 1)), weight * 7, labels, 3
    )
    found = drop(emb, weight, labels, 3)
    np.testing.assert_array_equal(scaled.new_label, found.new_label)
    np.testing.assert_allclose(scaled.cos_to_dominant, found.cos_to_dominant, atol=1e-14)


def test_drop_when_read_in_blocks_of_any_kind_then_bit_equal(monkeypatch, tmp_path):
    emb, weight, labels = faces(8, images=96)
    whole = drop(emb, weight, labels, 3)
    np.save(tmp_path / "emb.npy", emb)
    kinds = {
        "uneven": iter([emb[:1], emb[1:1], emb[1:60], emb[60:]]),
        "stacked": emb.reshape(4, 24, 8),
        "mapped": np.load(tmp_path / "emb.npy", mmap_mode="r"),
    }
    monkeypatch.setattr(subcenter_drop, "BLOCK_NUMBERS", 100)
    for name, blocks in kinds.items():
        found = drop(blocks, weight, labels, 3)
        np.testing.assert_array_equal(found.cos_to_dominant, whole.cos_to_dominant, name)
        np.testing.assert_array_equal(found.votes, whole.votes, name)
        np.testing.assert_array_equal(found.new_label, whole.new_label, name)


def test_drop_when_images_are_permuted_then_so_is_the_result():
    emb, weight, labels = faces(9)
    order = np.random.default_rng(2).permutation(len(emb))
    found, moved = drop(emb, weight, labels, 3), drop(emb[order], weight, labels[order], 3)
    np.testing.assert_array_equal(moved.new_label, found.new_label[order])
    np.testing.assert_array_equal(moved.votes, found.votes)


def test_drop_when_one_image_then_one_class_of_one():
    found = drop(np.ones((1, 4), np.float32), np.ones((2, 4), np.float32), [1], 1)
    assert found.new_class.tolist() == [-1, 0]
    assert found.new_label.tolist() == [0]
    assert found.cos_to_dominant == pytest.approx(1)


def test_drop_when_there_is_no_image_then_no_class():
    found = drop(np.zeros((0, 4)), np.ones((6, 4)), [], 3)
    assert found.keep.shape == (0,) and found.new_class.tolist() == [-1, -1]


def test_drop_when_an_embedding_or_centre_is_zero_then_cosine_zero():
    found = drop(np.array([[0.0, 0], [1, 1]]), np.array([[1.0, 0], [0, 0]]), [0, 1], 1)
    assert found.cos_to_dominant.tolist() == [0, 0]


def test_drop_when_called_then_inputs_are_untouched():
    emb, weight, labels = faces(4)
    before = [a.copy() for a in (emb, weight, labels)]
    drop(emb, weight, labels, 3)
    for a, b in zip((emb, weight, labels), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("angle", [0, 20, 60, 75, 90, 180])
def test_keep_within_when_replayed_then_equals_a_new_pass(angle):
    emb, weight, labels = faces(6)
    stored = drop(emb, weight, labels, 3).cos_to_dominant
    replayed, fresh = keep_within(stored, labels, 11, angle), drop(emb, weight, labels, 3, angle)
    for name in ("keep", "new_label", "new_class"):
        np.testing.assert_array_equal(getattr(replayed, name), getattr(fresh, name))


def test_keep_within_when_exactly_at_the_angle_then_dropped():
    edge = np.cos(np.pi * 75 / 180)
    found = keep_within([edge, np.nextafter(edge, 2), np.nextafter(edge, -2)], [0, 0, 0], 1)
    assert found.keep.tolist() == [False, True, False]
    assert keep_within([-1.0, 1.0], [0, 0], 1, 180).keep.tolist() == [False, True]
    assert keep_within([-1.0, 1.0], [0, 0], 1, 0).keep.tolist() == [False, False]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"loss_k": 0}, ConfigError, "at least one centre"),
        ({"loss_k": 4}, DataError, r"shape \(6, 5\) with loss_k=4"),
        ({"weight": np.ones(6)}, DataError, r"shape \(6,\)"),
        ({"weight": np.ones((6, 4))}, DataError, "have 5 dimensions; expected 3 rows"),
        ({"weight": np.full((6, 5), np.nan)}, NumericsError, "weight: row 0"),
        ({"labels": [0, 1, 2]}, DataError, "2 for image 2 .1 such.; expected 0 to 1"),
        ({"labels": [0, -1, 1]}, DataError, "-1 for image 1"),
        ({"labels": [0, 1.5, 1]}, DataError, "whole numbers"),
        ({"labels": [[0], [1], [1]]}, DataError, r"labels: shape \(3, 1\)"),
        ({"labels": [0, 1]}, DataError, "rows 0 to 2 .* expected 2 rows"),
        ({"labels": [0, 1, 1, 0]}, DataError, "3 embeddings for 4 labels"),
        ({"emb": np.ones(5)}, DataError, r"block of shape \(5,\)"),
        ({"emb": [np.ones((2, 5)), np.ones(5)]}, DataError, r"block of shape \(5,\)"),
        ({"emb": [np.ones((2, 5)), np.full((1, 5), np.inf)]}, NumericsError, "embeddings: row 2"),
        ({"angle": 181}, ConfigError, "drop_angle_deg=181"),
        ({"angle": math.nan}, ConfigError, "drop_angle_deg=nan"),
    ],
)
def test_drop_when_inputs_do_not_fit_then_says_so(change, error, message):
    usual = {"emb": np.ones((3, 5)), "weight": np.ones((6, 5)), "labels": [0, 1, 1]}
    given = {**usual, "loss_k": 3, "angle": 75.0, **change}
    with pytest.raises(error, match=message):
        drop(*given.values())


@pytest.mark.parametrize(
    ("cos", "error", "message"),
    [([0.1], DataError, r"shape \(1,\) for 2 labels"), ([0.1, math.nan], NumericsError, "image 1")],
)
def test_keep_within_when_cosines_do_not_fit_then_says_so(cos, error, message):
    with pytest.raises(error, match=message):
        keep_within(cos, [0, 1], 2)


def test_decide_when_by_hand_then_flags_beyond_the_angle_and_proposes_nothing():
    weight = np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [1, -1]])
    at = np.deg2rad([0, 10, 90, 44, 76, 0])
    emb = np.stack([np.cos(at), np.sin(at)], axis=1)
    given = [0, 0, 0, 0, 0, 1]
    world = evidence(given, 3, embedded=embedded(emb, weight, loss_k=2, scale=10.0))
    found = decide(world, Config())
    assert found.is_flagged.tolist() == [False, False, True, False, True, True]
    assert (found.proposed == -1).all()
    cos = np.cos([*at[:5], np.pi / 2])
    expected = 1 / (1 + np.exp(10 * (cos - math.cos(math.radians(75)))))
    assert found.suspicion == pytest.approx(expected, abs=1e-6)
    assert found.facts == {
        "loss_k": 2,
        "votes_for_dominant": 4,
        "votes_for_others": 2,
        "classes_split": 1,
        "classes_lost": 1,
    }


def test_decide_when_the_angle_changes_then_as_replayed_from_the_cosines():
    emb, weight, labels = faces(2)
    world = evidence(labels, 11, embedded=embedded(emb, weight, loss_k=3))
    stored = drop(world.vectors.embeddings, world.vectors.weight, labels, 3).cos_to_dominant
    flags = []
    for angle in (20.0, 75.0, 120.0):
        found = decide(world, Config(drop_angle_deg=angle))
        kept = keep_within(stored, labels, 11, angle).keep
        np.testing.assert_array_equal(found.is_flagged, ~kept)
        np.testing.assert_array_equal(found.is_flagged, found.suspicion >= 0.5)
        flags.append(found.is_flagged.sum())
    assert flags[0] > flags[1] > flags[2]


def test_decide_when_cosines_are_extreme_then_no_overflow():
    world = evidence([0, 0], 1, embedded=embedded([[1, 0], [-1, 0]], [[1, 0]], scale=1e6))
    assert decide(world, Config()).suspicion.tolist() == [0, 1]
