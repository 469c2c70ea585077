import numpy as np
import pytest

from frlib.core.errors import NumericsError, ProtocolError
from frlib.metrics import embeddings, verification
from frlib.metrics.folds import contiguous
from tests.unit.metrics import naive


def _distances(seed, pairs=120):
    emb, same = naive.faces(seed, pairs)
    unit = embeddings.sum_normalise(emb)
    return embeddings.squared_distance(unit[0::2], unit[1::2]), same


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [1, 2, 7, 10])
def test_insightface_when_random_then_equals_the_loop(seed, k):
    distance, same = _distances(seed)
    fold = contiguous(len(same), k)
    found = verification.insightface(distance, same, fold)
    accuracy, threshold = naive.insightface(distance, same, fold)
    assert found.accuracy_per_fold.tolist() == pytest.approx(accuracy.tolist(), abs=1e-15)
    assert found.threshold_per_fold.tolist() == threshold.tolist()
    assert found.protocol == f"insightface{k}"


def test_insightface_when_fold_ids_are_given_then_pairs_may_be_in_any_order():
    distance, same = _distances(5)
    fold = np.random.default_rng(0).integers(3, size=len(same)) * 10
    found = verification.insightface(distance, same, fold)
    accuracy, threshold = naive.insightface(distance, same, fold)
    assert found.accuracy_per_fold.tolist() == pytest.approx(accuracy.tolist(), abs=1e-15)
    assert found.threshold_per_fold.tolist() == threshold.tolist()


def test_insightface_when_distance_is_on_the_grid_then_it_is_not_below_it():
    grid = np.arange(0, 4, 0.01)
    distance = np.array([0.0, 0.0, grid[139], grid[139]])
    same = np.array([True, True, False, False])
    found = verification.insightface(distance, same, [0, 0, 0, 0])
    assert found.threshold_per_fold.tolist() == [grid[1]]
    late = verification.insightface(grid[[139, 139, 140, 141]], same, [0, 0, 0, 0])
    assert late.threshold_per_fold.tolist() == [grid[140]]
    assert late.accuracy == 1.0


def test_insightface_when_a_fold_has_one_kind_then_accuracy_is_still_defined():
    distance, same = _distances(2)
    order = np.argsort(~same, kind="stable")
    distance, same = distance[order], same[order]
    fold = contiguous(len(same), 4)
    accuracy, _ = naive.insightface(distance, same, fold)
    found = verification.insightface(distance, same, fold)
    assert found.accuracy_per_fold.tolist() == pytest.approx(accuracy.tolist(), abs=1e-15)


@pytest.mark.parametrize("k", [1, 4])
def test_mean_roc_when_random_then_equals_the_loop(k):
    distance, same = _distances(4)
    same[:30] = True
    fold = contiguous(len(same), k)
    np.testing.assert_allclose(
        verification.mean_roc(distance, same, fold),
        naive.mean_roc(distance, same, fold),
        rtol=0,
        atol=1e-15,
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [1, 2, 5])
def test_boundaryface_when_random_then_equals_the_loop_in_float64(seed, k):
    emb, same = naive.faces(seed)
    fold = contiguous(len(same), k)
    found = verification.boundaryface(emb[0::2], emb[1::2], same, fold)
    accuracy, threshold = naive.boundaryface(emb[0::2], emb[1::2], same, fold)
    np.testing.assert_allclose(found.accuracy_per_fold, accuracy, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.threshold_per_fold, threshold, rtol=0, atol=1e-6)


def test_boundaryface_when_best_thresholds_are_not_adjacent_then_their_mean_is_taken():
    cosine = np.array([0.80005, 0.20005, 0.50005, -0.39995])
    left = np.tile([1.0, 0.0], (4, 1))
    right = np.c_[cosine, np.sqrt(1 - cosine**2)]
    same = np.tile([True, True, False, False], 2)
    found = verification.boundaryface(
        np.r_[left, -left], np.r_[right, -right], same, np.zeros(8, int)
    )
    low, high = np.arange(-3999, 2001) / 10_000, np.arange(5001, 8001) / 10_000
    assert found.threshold_per_fold[0] == pytest.approx(np.r_[low, high].mean(), abs=1e-9)
    assert 0.20005 > found.threshold_per_fold[0] > -0.39995
    assert found.correct_P.tolist() == [True, True, False, True] * 2


@pytest.mark.parametrize("k", [1, 2, 6])
def test_facexzoo_when_random_then_equals_the_loop(k):
    emb, same = naive.faces(1)
    unit = embeddings.normalise(emb)
    cosine = (unit[0::2] * unit[1::2]).sum(1)
    fold = contiguous(len(same), k)
    found = verification.facexzoo(cosine, same, fold)
    accuracy, threshold = naive.facexzoo(cosine.astype(np.float64), same, fold)
    np.testing.assert_allclose(found.accuracy_per_fold, accuracy, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.threshold_per_fold, threshold, rtol=0, atol=1e-7)


def test_facexzoo_when_training_has_one_kind_then_error_names_fold_and_counts():
    same = np.repeat([True, False], 5)
    with pytest.raises(ProtocolError, match=r"fold 0 are 0 same and 5 different"):
        verification.facexzoo(np.linspace(1, 0, 10), same, contiguous(10, 2))


@pytest.mark.parametrize("name", sorted(verification.VARIANTS))
@pytest.mark.parametrize("k", [1, 2, 10])
@pytest.mark.parametrize("two_views", [True, False])
def test_variants_when_run_then_pairs_explain_the_accuracy(name, k, two_views):
    emb, same = naive.faces(3)
    flip = naive.faces(9)[0] * 0.2 + emb if two_views else None
    rows = np.arange(len(emb))
    fold = contiguous(len(same), k)
    found = verification.VARIANTS[name](emb, flip, rows[0::2], rows[1::2], same, fold)
    verdict = np.where(same, found.score_P > found.threshold_P, found.score_P < found.threshold_P)
    assert (verdict == found.correct_P).all()
    by_fold = [found.correct_P[fold == i].mean() for i in range(k)]
    assert found.accuracy_per_fold.tolist() == pytest.approx(by_fold, abs=1e-15)
    assert found.accuracy == pytest.approx(np.mean(by_fold))
    assert found.std == pytest.approx(np.std(by_fold))
    assert found.score_P[same].mean() > found.score_P[~same].mean()
    suffix = "" if two_views or name == "facexzoo10" else "-single"
    assert found.protocol == name.removesuffix("10") + str(k) + suffix


def test_variants_when_preparation_differs_then_each_uses_its_own():
    emb, same = naive.faces(3)
    flip = np.roll(emb, 1, axis=1)
    rows, fold = np.arange(len(emb)), contiguous(len(same), 10)
    run = {
        name: variant(emb, flip, rows[0::2], rows[1::2], same, fold)
        for name, variant in verification.VARIANTS.items()
    }
    summed = (emb + flip).astype(np.float64)
    unit = summed / np.linalg.norm(summed, axis=1, keepdims=True)
    np.testing.assert_allclose(
        run["insightface10"].score_P, 2 * (unit[0::2] * unit[1::2]).sum(1) - 2, atol=1e-6
    )
    unit = emb / np.linalg.norm(emb, axis=1, keepdims=True)
    np.testing.assert_allclose(
        run["facexzoo10"].score_P, (unit[0::2] * unit[1::2]).sum(1), atol=1e-6
    )
    both = np.concatenate([emb, flip], axis=1)
    accuracy, _ = naive.boundaryface(both[0::2], both[1::2], same, fold)
    np.testing.assert_allclose(run["boundaryface10"].accuracy_per_fold, accuracy, atol=1e-12)


def test_standard_error_when_one_fold_then_nan_else_ddof_1():
    distance, same = _distances(0)
    assert np.isnan(verification.insightface(distance, same, contiguous(120, 1)).standard_error)
    found = verification.insightface(distance, same, contiguous(120, 4))
    expected = np.sqrt(np.sum((found.accuracy_per_fold - found.accuracy) ** 2) / 3 / 4)
    assert found.standard_error == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(verification.VARIANTS))
def test_variants_when_an_embedding_is_nan_then_its_row_is_named(name):
    emb, same = naive.faces(3)
    emb[17, 0] = np.nan
    rows, fold = np.arange(len(emb)), contiguous(len(same), 10)
    with pytest.raises(NumericsError, match="row 17 "):
        verification.VARIANTS[name](emb, None, rows[0::2], rows[1::2], same, fold)


@pytest.mark.parametrize("name", sorted(verification.VARIANTS))
def test_variants_when_all_pairs_are_same_then_error_with_counts(name):
    emb, _ = naive.faces(3)
    rows, fold = np.arange(len(emb)), contiguous(120, 10)
    with pytest.raises(ProtocolError, match="120 same and 0 different"):
        verification.VARIANTS[name](emb, None, rows[0::2], rows[1::2], np.ones(120, bool), fold)


@pytest.mark.parametrize("name", sorted(verification.VARIANTS))
def test_variants_when_flags_are_too_few_then_error_with_counts(name):
    emb, same = naive.faces(3)
    rows, fold = np.arange(len(emb)), contiguous(120, 10)
    with pytest.raises(ProtocolError, match="120"):
        verification.VARIANTS[name](emb, None, rows[0::2], rows[1::2], same[:-1], fold)


def test_insightface_when_a_distance_is_nan_then_the_pair_is_named():
    distance, same = _distances(0)
    distance[3] = np.nan
    with pytest.raises(NumericsError, match=r"pair 3 .*1 of 120"):
        verification.insightface(distance, same, contiguous(120, 10))


def test_boundaryface_when_all_features_are_equal_then_cosine_zero_and_threshold_zero():
    same = np.tile([True, False], 4)
    found = verification.boundaryface(np.ones((8, 2)), np.ones((8, 2)), same, contiguous(8, 2))
    assert found.threshold_per_fold.tolist() == [0.0, 0.0]
    assert found.accuracy == 0.0
    assert found.score_P.tolist() == [0.0] * 8
