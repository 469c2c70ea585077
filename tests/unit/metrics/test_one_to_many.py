import numpy as np
import pytest

from frlib.core.errors import ConfigError, NumericsError, ProtocolError
from frlib.metrics import gallery as gallery_module
from frlib.metrics.gallery import Gallery, joined, search
from frlib.metrics.one_to_many import (
    JOINED_TARGETS,
    SPLIT_TARGETS,
    ijb1n_joined,
    ijb1n_joined_ranks,
    ijb1n_split,
)
from tests.unit.metrics import naive_search

RANKS = (1, 2, 7)


def _set(seed, people=40, probes=150, dim=12, noise=0.9):
    """Two galleries of half the people each, and probes of all."""
    draw = np.random.default_rng(seed)
    face = draw.normal(size=(people, dim))

    def shown(subjects):
        found = face[subjects] + noise * draw.normal(size=(len(subjects), dim))
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    names = draw.permutation(people) * 11 - 30
    order = draw.permutation(people)
    halves = order[: people // 2], order[people // 2 :]
    galleries = [Gallery(features=shown(half), subjects=names[half]) for half in halves]
    who = draw.integers(0, people, probes)
    return galleries, shown(who), names[who]


def _arrays(gallery):
    return gallery.features, np.asarray(gallery.subjects)


@pytest.mark.parametrize("cells", [1, 300, 2**21])
@pytest.mark.parametrize("seed", [0, 1])
def test_joined_when_any_block_then_equals_the_loop(monkeypatch, cells, seed):
    monkeypatch.setattr(gallery_module, "_CELLS", cells)
    galleries, probes, subjects = _set(seed)
    targets = (0.001, *JOINED_TARGETS, 1.0)
    found = ijb1n_joined(galleries, probes, subjects, targets, RANKS)
    rates, points = naive_search.joined(
        *_arrays(joined(galleries)), probes, subjects, targets, RANKS
    )
    assert found.protocol == "ijb1n-joined"
    assert list(found.rank_rates) == pytest.approx(rates)
    assert [one.tpir for one in found.points] == pytest.approx([one[0] for one in points])
    assert [one.threshold for one in found.points] == pytest.approx(
        [one[1] for one in points], abs=1e-6
    )
    assert (found.num_probes, found.num_gallery, found.num_tied) == (150, 40, 0)


@pytest.mark.parametrize("cells", [1, 300, 2**21])
@pytest.mark.parametrize("seed", [2, 3])
def test_split_when_any_block_then_equals_the_loop(monkeypatch, cells, seed):
    monkeypatch.setattr(gallery_module, "_CELLS", cells)
    galleries, probes, subjects = _set(seed)
    found = ijb1n_split(galleries, probes, subjects, SPLIT_TARGETS, RANKS)
    assert found.protocol == "ijb1n-split"
    both = []
    for one, gallery in zip(found.galleries, galleries, strict=True):
        counts, points = naive_search.one_of_split(
            *_arrays(gallery), probes, subjects, SPLIT_TARGETS, RANKS
        )
        assert list(one.rank_counts) == counts
        assert [at.tpir for at in one.points] == pytest.approx([at[0] for at in points])
        assert [at.threshold for at in one.points] == pytest.approx(
            [at[1] for at in points], abs=1e-6
        )
        both.append((counts, [at[0] for at in points]))
    assert found.tpir == pytest.approx(np.mean([one[1] for one in both], axis=0))
    assert found.rank_rates == pytest.approx(np.sum([one[0] for one in both], axis=0) / 150)


def test_split_when_small_then_its_events_give_the_counts_and_rates():
    galleries, probes, subjects = _set(4)
    found = ijb1n_split(galleries, probes, subjects, (0.01, 0.1, 0.5), RANKS)
    for one, gallery in zip(found.galleries, galleries, strict=True):
        assert set(subjects[one.probe_M]) <= set(gallery.subjects)
        assert one.num_mated == len(one.probe_M) == len(one.rank_M) == len(one.lead_M)
        assert one.rank_counts == tuple(int((one.rank_M <= rank).sum()) for rank in RANKS)
        assert (np.isneginf(one.lead_M) >= (one.rank_M > 1)).all()
        for point in one.points:
            assert np.mean(one.lead_M > point.threshold) == point.tpir
    assert sorted(np.concatenate([one.probe_M for one in found.galleries])) == list(range(150))


def test_joined_ranks_when_some_probes_lack_mates_then_shares_of_all_probes():
    galleries, probes, subjects = _set(12)
    wanted = ijb1n_joined(galleries, probes, subjects, ranks=RANKS)
    strangers = np.full(50, 10**6)
    found = ijb1n_joined_ranks(
        galleries, np.concatenate((probes, probes[:50])), np.append(subjects, strangers), RANKS
    )
    assert found.protocol == "ijb1n-joined-ranks"
    assert found.rank_counts == wanted.rank_counts
    assert (found.num_probes, found.num_mated) == (200, 150)
    assert found.rank_rates == pytest.approx([0.75 * rate for rate in wanted.rank_rates])


def test_targets_when_listed_then_a_hundred_equal_steps_from_1e_4_to_1():
    assert len(SPLIT_TARGETS) == 101
    assert SPLIT_TARGETS[0] == pytest.approx(1e-4)
    assert SPLIT_TARGETS[50] == pytest.approx(1e-2)
    assert SPLIT_TARGETS[100] == pytest.approx(1)
    assert np.ptp(np.diff(np.log10(SPLIT_TARGETS))) < 1e-12


def test_search_when_probes_are_the_gallery_then_every_mate_is_first():
    (gallery, _), *_ = _set(4)
    found = search(gallery, gallery.features, gallery.subjects)
    assert found.rank_counts((1, 20)) == (20, 20)
    np.testing.assert_allclose(found.mate_Q, 1, rtol=0, atol=1e-6)
    assert found.num_tied == 0


def test_search_when_ranks_grow_then_counts_do_and_end_at_all_mated():
    galleries, probes, subjects = _set(5)
    counts = search(galleries[0], probes, subjects).rank_counts(range(1, 21))
    assert list(counts) == sorted(counts)
    assert counts[-1] == np.isin(subjects, galleries[0].subjects).sum()


def test_search_when_keeping_then_the_largest_of_all_non_mates():
    galleries, probes, subjects = _set(6)
    gallery = galleries[0]
    score = probes @ gallery.features.T
    others = np.sort(score[subjects[:, None] != np.asarray(gallery.subjects)])[::-1]
    for keep in (1, 25, len(others)):
        found = search(gallery, probes, subjects, keep).largest
        np.testing.assert_allclose(found, others[:keep], atol=1e-6)
    assert len(search(gallery, probes, subjects).largest) == 0


def test_search_when_all_entries_are_equal_then_ties_favour_the_mate_and_are_counted():
    gallery = Gallery(features=np.ones((5, 4)) / 2, subjects=np.arange(5))
    found = ijb1n_joined([gallery], np.ones((9, 4)) / 2, np.arange(9) % 5, [0.1])
    assert found.rank_counts == (9, 9, 9)
    assert found.num_tied == 9
    assert found.points[0].tpir == 0
    assert not found.points[0].is_supported


def test_search_when_a_template_is_zero_then_counted():
    galleries, probes, subjects = _set(7)
    probes[3] = 0
    galleries[0].features[[1, 2]] = 0
    found = ijb1n_joined(galleries, probes, subjects)
    assert found.num_zero == 3
    assert [one.num_zero for one in ijb1n_split(galleries, probes, subjects).galleries] == [3, 1]


def test_points_when_few_non_mates_are_above_then_marked():
    galleries, probes, subjects = _set(8)
    low, high = ijb1n_joined(galleries, probes, subjects, [0.01, 0.1]).points
    assert (low.num_impostors_above, low.is_supported) == (1, False)
    assert (high.num_impostors_above, high.is_supported) == (14, True)
    assert (low.num_mated, low.num_impostors) == (150, 150)


def test_joined_when_probes_lack_a_mate_then_error_names_the_first():
    galleries, probes, subjects = _set(9)
    subjects[[5, 8]] = 10**6
    with pytest.raises(ProtocolError, match=r"probe 5 \(subject 1000000\).*2 of 150"):
        ijb1n_joined(galleries, probes, subjects)


@pytest.mark.parametrize("has_all", [True, False])
def test_split_when_all_or_no_probes_have_mates_then_error(has_all):
    galleries, probes, subjects = _set(10)
    chosen = np.isin(subjects, galleries[0].subjects) == has_all
    with pytest.raises(ProtocolError, match="with and without"):
        ijb1n_split(galleries[:1], probes[chosen], subjects[chosen])


def test_search_when_input_is_unusable_then_typed_errors():
    galleries, probes, subjects = _set(11)
    one = galleries[0]
    with pytest.raises(ProtocolError, match="2 times"):
        search(joined([one, one]), probes, subjects)
    with pytest.raises(ProtocolError, match="with 149"):
        ijb1n_split(galleries, probes, subjects[:-1])
    with pytest.raises(ProtocolError, match="one dimension"):
        search(one, probes[:, :-1], subjects)
    with pytest.raises(ProtocolError, match="no gallery"):
        ijb1n_joined([], probes, subjects)
    with pytest.raises(ProtocolError, match="no gallery"):
        ijb1n_split([], probes, subjects)
    with pytest.raises(ProtocolError, match="whole"):
        search(one, probes, subjects / 2)
    with pytest.raises(ConfigError, match="FPIR"):
        ijb1n_joined(galleries, probes, subjects, [0.0])
    with pytest.raises(ConfigError, match="ranks"):
        ijb1n_split(galleries, probes, subjects, ranks=[0])
    with pytest.raises(ConfigError, match="ranks"):
        ijb1n_joined_ranks(galleries, probes, subjects, [])
    single = Gallery(features=one.features[:1], subjects=one.subjects[:1])
    with pytest.raises(ProtocolError, match="0 non-mate scores"):
        ijb1n_joined([single], probes[:2], np.repeat(one.subjects[:1], 2))
    probes[4, 0] = np.nan
    with pytest.raises(NumericsError, match="probe templates: row 4"):
        search(one, probes, subjects)
