"""What the IJB protocols must not notice: order of images, pairs and probes, rotation, scale."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from frlib.bench import plain_templates
from frlib.metrics import tails
from frlib.metrics.gallery import Gallery, search
from frlib.metrics.listed import pair_scores
from frlib.metrics.one_to_many import ijb1n_split
from frlib.metrics.one_to_one import tars
from frlib.metrics.templates import SETTINGS, pool

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None, derandomize=True)
values = st.one_of(
    st.integers(-4, 4).map(float), st.floats(-1, 1, width=32), st.just(0.0), st.just(-0.0)
)
lists = st.lists(st.tuples(values, st.booleans()), min_size=2, max_size=80).filter(
    lambda pairs: len({same for _, same in pairs}) == 2
)
targets = st.lists(st.floats(0, 1), min_size=1, max_size=4)


def _images(seed):
    draw = np.random.default_rng(seed)
    count = int(draw.integers(1, 60))
    return draw, {
        "emb_ND": draw.normal(size=(count, 5)),
        "flip_ND": draw.normal(size=(count, 5)),
        "template_N": draw.integers(-3, 8, count),
        "media_N": draw.integers(0, 3, count),
        "score_N": draw.uniform(0.1, 1, count),
    }


def _near(found, expected):
    for setting in SETTINGS:
        assert found[setting].ids.tolist() == expected[setting].ids.tolist()
        np.testing.assert_allclose(
            found[setting].features, expected[setting].features, rtol=0, atol=2e-6
        )


@few
@given(seed=seeds, rows=st.integers(1, 70))
def test_templates_when_images_move_or_blocks_change_then_equal_up_to_rounding(seed, rows):
    draw, images = _images(seed)
    order = draw.permutation(len(images["emb_ND"]))
    moved = {name: array[order] for name, array in images.items()}
    _near(pool(**moved, settings=SETTINGS, rows_at_once=rows), pool(**images, settings=SETTINGS))


@few
@given(seed=seeds, factor=st.floats(1e-3, 1e3))
def test_templates_when_scaled_and_ids_renamed_in_order_then_equal_up_to_rounding(seed, factor):
    _, images = _images(seed)
    changed = dict(images, emb_ND=factor * images["emb_ND"], flip_ND=factor * images["flip_ND"])
    changed["media_N"] = 7 - images["media_N"]
    _near(pool(**changed, settings=SETTINGS), pool(**images, settings=SETTINGS))


@few
@given(seed=seeds)
def test_scores_when_space_is_rotated_or_sides_swapped_then_equal_up_to_rounding(seed):
    draw, images = _images(seed)
    unit = pool(**images)["N1D1F1"].features
    rotation, _ = np.linalg.qr(draw.normal(size=(5, 5)))
    left, right = draw.integers(0, len(unit), (2, 50))
    expected = pair_scores(unit, unit, left, right)
    turned = (unit @ rotation).astype(np.float32)
    for found in (
        pair_scores(turned, turned, left, right),
        pair_scores(unit, unit, right, left),
        pair_scores(unit, unit, left, right, "gather"),
    ):
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(pairs=lists, at=targets)
def test_nearest_when_any_list_then_that_of_the_whole_curve(pairs, at):
    score, same = (np.array(column) for column in zip(*pairs, strict=True))
    for rule, thins in (("nearest", True), ("nearest_unthinned", False)):
        found = [(one.tar, one.far) for one in tars(score, same, at, rule)]
        assert found == plain_templates.nearest(score, same, at, thins=thins)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(pairs=lists, at=targets, seed=seeds)
def test_tails_when_any_list_then_the_direct_rates_and_no_order_matters(pairs, at, seed):
    score = np.array([one for one, _ in pairs], np.float32)
    same = np.array([one for _, one in pairs])
    expected = tars(score, same, at, "far_at_most")
    order = np.random.default_rng(seed).permutation(len(score))
    assert tars(score[order], same[order], at, "far_at_most") == expected
    impostors = score[order][~same[order]]
    blocks = np.array_split(impostors, 3)
    first = sum((tails.coarse(one) for one in blocks), tails.Coarse())
    bins = tails.fine_bins(first, at)
    second = sum((tails.fine(one, bins) for one in blocks), tails.fine(impostors[:0], bins))
    assert tails.points(first, second, score[same], at) == expected


@few
@given(pairs=lists, at=targets)
def test_rates_when_the_target_grows_then_never_fall(pairs, at):
    score, same = (np.array(column) for column in zip(*pairs, strict=True))
    for rule in ("nearest", "far_at_most"):
        found = [one.tar for one in tars(score, same, sorted(at), rule)]
        assert found == sorted(found)


@few
@given(seed=seeds)
def test_search_when_probes_and_gallery_move_then_the_same_direct_counts(seed):
    draw = np.random.default_rng(seed)
    gallery, probes = draw.integers(-3, 4, (9, 4)) + 0.0, draw.integers(-3, 4, (30, 4)) + 0.0
    names, subjects = np.arange(9), draw.integers(0, 12, 30)
    subjects[:2] = 0, 11
    expected = search(Gallery(features=gallery, subjects=names), probes, subjects, keep=5)
    for score, subject, above in zip(probes @ gallery.T, subjects, expected.above_Q, strict=True):
        assert above == (sum(score > score[subject]) if subject < 9 else 0)
    rows, order = draw.permutation(9), draw.permutation(30)
    moved = Gallery(features=gallery[rows], subjects=names[rows])
    found = search(moved, probes[order], subjects[order], keep=5)
    np.testing.assert_array_equal(found.mate_Q, expected.mate_Q[order])
    np.testing.assert_array_equal(found.best_Q, expected.best_Q[order])
    np.testing.assert_array_equal(found.above_Q, expected.above_Q[order])
    assert found.largest.tolist() == expected.largest.tolist()
    tpir = ijb1n_split([moved], probes[order], subjects[order]).tpir
    assert tpir == ijb1n_split([moved], probes, subjects).tpir
    assert list(tpir) == sorted(tpir)
