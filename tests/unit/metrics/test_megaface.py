import numpy as np
import pytest

from frlib.core.errors import ConfigError, NumericsError, ProtocolError
from frlib.core.seeds import stream
from frlib.metrics import distractors as blocks
from frlib.metrics import megaface as module
from frlib.metrics.megaface import Distractors, Probes, megaface
from frlib.metrics.refined import VARIANTS, refined_probes
from tests.unit.metrics import plain_megaface as plain

RANKS = 7
TARGET = 0.05


def _run(seed=0, variants=VARIANTS, targets=(TARGET,), **changes):
    probe, person, other, noisy, noise = plain.crowd(seed, **changes)
    return megaface(
        Probes(features=probe, persons=person, noisy=noisy),
        Distractors(features=other, noisy=noise),
        variants=variants,
        ranks=RANKS,
        targets=targets,
        seed=5,
    )


def _wanted(variant, seed):
    """Probes, persons, distractors as the variant sees them."""
    probe, person, other, noisy, noise = plain.crowd(seed)
    probe, other = plain.unit(probe), plain.unit(other)
    if variant == "megaface-R-facexzoo":
        probe, other = plain.refined(probe, person, noisy), other * ~noise[:, None]
    if variant == "megaface-R-insightface":
        drawn = stream(5, "megaface").uniform(-0.001, 0.001, (int(noisy.sum()), probe.shape[1]))
        probe, other = plain.refined(probe, person, noisy, drawn), other[~noise]
    if variant == "megaface-R-drop":
        probe, person, other = probe[~noisy], person[~noisy], other[~noise]
    return probe, person, other, int(noise.sum())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("variant", VARIANTS)
def test_megaface_when_small_then_as_loops_over_trials(monkeypatch, variant, seed):
    monkeypatch.setattr(blocks, "BLOCK", 16)
    monkeypatch.setattr(blocks, "_CELLS", 64)
    found = dict(zip(VARIANTS, _run(seed), strict=True))[variant]
    probe, person, other, _ = _wanted(variant, seed)
    assert found.protocol == variant
    np.testing.assert_allclose(found.cmc_K, plain.cmc(probe, person, other, RANKS), atol=1e-12)
    assert found.rank1 == found.cmc_K[0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_scores_when_small_then_the_points_are_shares_of_the_pairs(variant):
    found = _run(1, (variant,), (0.01, 0.2))[0]
    once = found.score_T[found.probe_T < found.gallery_T]
    assert len(once) == found.num_trials // 2
    for point in found.points:
        assert point.num_genuine == len(once)
        assert np.mean(once > point.threshold) == point.tar


@pytest.mark.parametrize("target", [0.0, 0.01, 0.2, 1.0])
@pytest.mark.parametrize("variant", VARIANTS)
def test_points_when_small_then_as_all_thresholds_in_turn(variant, target):
    found = _run(1, (variant,), (target,))[0].points[0]
    probe, person, other, num_noise = _wanted(variant, 1)
    genuine = np.array(
        [probe[i] @ probe[j] for i in range(len(probe)) for j in range(i) if person[i] == person[j]]
    )
    impostors = (probe @ other.T).ravel()
    if variant == "megaface-R-insightface":
        impostors = np.concatenate([impostors, np.full(len(probe) * num_noise, -np.inf)])
    tar, above = plain.tar(genuine, impostors, target)
    assert found.tar == pytest.approx(tar, abs=1e-12)
    assert (found.num_genuine, found.num_impostors) == (len(genuine), len(impostors))
    if variant != "megaface-R-facexzoo":
        assert found.num_impostors_above == above
    assert found.is_supported == (found.num_impostors_above >= 10)


def test_megaface_when_asked_one_by_one_then_as_all_at_once():
    together = _run(2)
    for variant, wanted in zip(VARIANTS, together, strict=True):
        (found,) = _run(2, (variant,))
        assert found.cmc_K.tolist() == wanted.cmc_K.tolist()
        assert found.rank_T.tolist() == wanted.rank_T.tolist()
        assert found.points == wanted.points


def test_megaface_when_nothing_is_noisy_then_all_variants_agree():
    probe, person, other, *_ = plain.crowd(0)
    found = megaface(Probes(features=probe, persons=person), Distractors(features=other))
    for one in found[1:]:
        assert one.cmc_K.tolist() == found[0].cmc_K.tolist()
        assert one.points == found[0].points
        assert (one.num_noisy_probes, one.num_noisy_distractors) == (0, 0)


def test_megaface_when_another_seed_then_only_the_seeded_variant_may_change():
    probe, person, *_ = plain.crowd(3)
    probes = Probes(features=probe, persons=person, noisy=np.arange(len(person)) % 4 == 0)
    same = [refined_probes(probes, "megaface-R-insightface", seed) for seed in (1, 1, 2)]
    assert np.array_equal(same[0], same[1]) and not np.array_equal(same[0], same[2])
    clean = refined_probes(probes, "megaface-R-facexzoo", 1)
    assert np.abs(same[0] - clean).max() < 0.003
    assert np.array_equal(clean, refined_probes(probes, "megaface-R-facexzoo", 2))
    assert len(refined_probes(probes, "megaface-R-drop")) == 18


def test_megaface_when_a_mate_ties_with_a_distractor_then_the_mate_wins():
    probe = np.array([[1.0, 0, 0, 0], [0.5, 0.5, 0.5, 0.5]])
    other = np.array([[0.5, -0.5, 0.5, -0.5]] * 3)
    found = megaface(Probes(features=probe, persons=[0, 0]), Distractors(features=other), ranks=3)[
        0
    ]
    assert found.cmc_K.tolist() == [1.0, 1.0, 1.0]


def test_facexzoo_when_the_mate_scores_below_zero_then_a_zeroed_distractor_beats_it():
    probe = np.array([[1.0, 0], [-1.0, 0.0]])
    other = np.array([[0.0, 1.0]] * 2 + [[1.0, 0.0]])
    found = megaface(
        Probes(features=probe, persons=[0, 0]),
        Distractors(features=other, noisy=np.array([False, False, True])),
        ranks=4,
    )
    by = {one.protocol: one for one in found}
    assert by["megaface-R-facexzoo"].rank_T.tolist() == [4, 4]
    assert by["megaface-R-insightface"].rank_T.tolist() == [3, 3]
    assert by["megaface-R-insightface"].num_distractors == 3
    assert by["megaface-R-drop"].num_distractors == 2


def test_megaface_when_counted_then_people_trials_and_noise_add_up():
    probe, _, other, *_ = plain.crowd(0, people=2, images=3)
    found = megaface(
        Probes(features=probe, persons=["a", "a", "a", "b", "b", "c"], noisy=np.arange(6) == 4),
        Distractors(features=other, noisy=np.arange(len(other)) < 2),
        variants=("megaface-raw", "megaface-R-drop"),
    )
    raw, drop = found
    assert (raw.num_people, raw.num_lonely, raw.num_probes, raw.num_trials) == (3, 1, 6, 8)
    assert (drop.num_people, drop.num_lonely, drop.num_probes, drop.num_trials) == (3, 2, 5, 6)
    assert (raw.num_noisy_probes, raw.num_noisy_distractors) == (1, 2)
    assert set(zip(raw.probe_T.tolist(), raw.gallery_T.tolist(), strict=True)) == {
        (i, j) for group in ((0, 1, 2), (3, 4)) for i in group for j in group if i != j
    }


def test_megaface_when_fewer_distractors_than_ranks_then_right_from_there_on():
    probe, person, other, *_ = plain.crowd(0, distractors=2)
    found = megaface(Probes(features=probe, persons=person), Distractors(features=other), ranks=5)[
        0
    ]
    assert (found.cmc_K[2:] == 1).all()
    assert found.cmc_K[0] < 1
    assert not found.points[0].is_supported


def test_megaface_when_all_images_of_a_person_are_noisy_then_error_but_not_for_drop():
    probe, person, other, *_ = plain.crowd(0)
    probes = Probes(features=probe, persons=person, noisy=person == 2)
    with pytest.raises(ProtocolError, match="all images of 2 are on the noise list"):
        megaface(probes, Distractors(features=other), variants=("megaface-R-facexzoo",))
    (found,) = megaface(probes, Distractors(features=other), variants=("megaface-R-drop",))
    assert found.num_people == 5


def test_megaface_when_nobody_has_two_images_then_protocol_error():
    probe, _, other, *_ = plain.crowd(0)
    with pytest.raises(ProtocolError, match="none of 24 people has two images"):
        megaface(Probes(features=probe, persons=np.arange(24)), Distractors(features=other))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"ranks": 0}, ConfigError, "ranks=0"),
        ({"variants": ("megaface",)}, ConfigError, "megaface-R-drop"),
        ({"variants": ()}, ConfigError, "expected some of"),
        ({"targets": (2.0,)}, ConfigError, "expected a share"),
    ],
)
def test_megaface_when_asked_for_nonsense_then_config_error(change, error, message):
    probe, person, other, *_ = plain.crowd(0)
    with pytest.raises(error, match=message):
        megaface(Probes(features=probe, persons=person), Distractors(features=other), **change)


def test_megaface_when_the_tail_would_not_fit_then_config_error(monkeypatch):
    monkeypatch.setattr(module, "_MAX_TAIL", 10)
    with pytest.raises(ConfigError, match="at most 10 are kept"):
        _run(0, targets=(0.5,))


def test_megaface_when_features_do_not_fit_then_protocol_error():
    probe, person, other, *_ = plain.crowd(0)
    with pytest.raises(ProtocolError, match=r"\(24, 8\), distractors \(50, 7\)"):
        megaface(Probes(features=probe, persons=person), Distractors(features=other[:, 1:]))
    with pytest.raises(ProtocolError, match="one for each of 24 probes"):
        megaface(Probes(features=probe, persons=person[1:]), Distractors(features=other))
    with pytest.raises(ProtocolError, match="24 of type bool"):
        megaface(Probes(features=probe, persons=person, noisy=person), Distractors(features=other))
    other[3, 2] = np.nan
    with pytest.raises(NumericsError, match="row 3 is not finite"):
        megaface(Probes(features=probe, persons=person), Distractors(features=other))
