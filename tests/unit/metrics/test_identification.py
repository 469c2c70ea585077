import numpy as np
import pytest

from frlib.core.errors import ConfigError, NumericsError, ProtocolError
from frlib.metrics import distractors as blocks
from frlib.metrics import identification as module
from frlib.metrics.identification import Enrolled, identify
from frlib.metrics.megaface import Distractors, Probes, megaface
from frlib.metrics.one_to_many import Gallery, search
from tests.unit.metrics import plain_megaface as plain


def _sets(seed, several=True, strangers=4):
    """Gallery, probes (some strangers) and distractors."""
    draw = np.random.default_rng(seed)
    centre = draw.normal(size=(9 + strangers, 6))
    subjects = np.repeat(np.arange(9), 3)[: None if several else 27 : 1 if several else 3]
    subjects = draw.permutation(subjects)
    own = draw.integers(0, 9 + strangers, 40)
    gallery = centre[subjects] + 0.8 * draw.normal(size=(len(subjects), 6))
    probe = centre[own] + 0.8 * draw.normal(size=(40, 6))
    return gallery, subjects, probe, own, draw.normal(size=(30, 6))


@pytest.mark.parametrize("several", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_identify_when_small_then_as_loops_over_subjects(monkeypatch, seed, several):
    monkeypatch.setattr(module, "_CELLS", 50)
    monkeypatch.setattr(blocks, "BLOCK", 11)
    gallery, subjects, probe, own, other = _sets(seed, several)
    found = identify(
        Enrolled(features=gallery, subjects=subjects),
        Enrolled(features=probe, subjects=own),
        other,
        ranks=(1, 2, 5),
    )
    rank, mate, best = plain.identify(
        plain.unit(gallery), subjects, plain.unit(probe), own, plain.unit(other)
    )
    assert found.rank_Q.tolist() == rank.tolist()
    np.testing.assert_allclose(found.mate_Q, mate, atol=1e-6)
    np.testing.assert_allclose(found.best_Q, best, atol=1e-6)
    mated = rank > 0
    assert found.rank_rates == tuple((rank[mated] <= k).mean() for k in (1, 2, 5))
    assert found.cmc(5)[[0, 1, 4]].tolist() == list(found.rank_rates)
    for point in found.points:
        impostors = best[~mated]
        wanted = max(
            (float(((mate > t) & (mate > best))[mated].mean()), float((mate > t)[mated].mean()))
            for t in [-np.inf, *impostors]
            if (impostors > t).mean() <= point.target
        )
        assert (point.tpir, point.tpir_any_rank) == wanted
        assert point.fpir <= point.target
        assert (point.num_mated, point.num_impostors) == (mated.sum(), (~mated).sum())
    sizes = (found.num_subjects, found.num_templates, found.num_distractors)
    assert sizes == (9, len(subjects), 30)


def test_identify_when_distractors_are_enrolled_as_subjects_then_the_same():
    gallery, subjects, probe, own, other = _sets(0)
    apart = identify(
        Enrolled(features=gallery, subjects=subjects), Enrolled(features=probe, subjects=own), other
    )
    within = identify(
        Enrolled(
            features=np.concatenate([gallery, other]),
            subjects=np.concatenate([subjects, 100 + np.arange(len(other))]),
        ),
        Enrolled(features=probe, subjects=own),
    )
    assert within.rank_Q.tolist() == apart.rank_Q.tolist()
    np.testing.assert_allclose(within.best_Q, apart.best_Q, atol=1e-6)
    assert [p.tpir for p in within.points] == [p.tpir for p in apart.points]


def test_identify_when_one_template_a_subject_then_as_the_search_of_ijb():
    gallery, subjects, probe, own, _ = _sets(1, several=False)
    found = identify(
        Enrolled(features=gallery, subjects=subjects), Enrolled(features=probe, subjects=own)
    )
    as_f32 = [plain.unit(rows).astype(np.float32) for rows in (gallery, probe)]
    wanted = search(Gallery(features=as_f32[0], subjects=subjects), as_f32[1], own)
    mated = found.rank_Q > 0
    np.testing.assert_array_equal(mated, ~np.isnan(wanted.mate_Q))
    assert (found.rank_Q[mated] - 1).tolist() == wanted.above_Q[mated].tolist()


def test_identify_when_the_gallery_is_one_mate_then_as_a_trial_of_megaface():
    probe, person, other, *_ = plain.crowd(0, people=1, images=2)
    trial = megaface(Probes(features=probe, persons=person), Distractors(features=other), ranks=50)[
        0
    ]
    for row, (i, j) in enumerate(zip(trial.probe_T, trial.gallery_T, strict=True)):
        found = identify(
            Enrolled(features=probe[[j]], subjects=["x"]),
            Enrolled(features=probe[[i]], subjects=["x"]),
            other,
        )
        assert found.rank_Q.tolist() == [trial.rank_T[row]]


def test_identify_when_all_probes_have_mates_then_open_numbers_are_marked():
    gallery, subjects, probe, own, _ = _sets(0, strangers=0)
    found = identify(
        Enrolled(features=gallery, subjects=subjects), Enrolled(features=probe, subjects=own)
    )
    assert found.num_unmated == 0
    assert all(np.isnan(p.tpir) and not p.is_supported for p in found.points)


def test_identify_when_everything_ties_then_rank_1_but_never_above_all_others():
    same = np.ones((3, 4))
    found = identify(
        Enrolled(features=same, subjects=["a", "b", "c"]),
        Enrolled(features=same, subjects=["a", "b", "z"]),
        same,
        targets=(1.0,),
    )
    assert found.rank_Q.tolist() == [1, 1, 0]
    assert found.num_tied == 2
    assert (found.points[0].tpir, found.points[0].tpir_any_rank) == (0.0, 1.0)
    assert not found.points[0].is_supported


def test_identify_when_text_meets_numbers_then_protocol_error():
    rows = np.eye(2)
    with pytest.raises(ProtocolError, match="both as numbers or both as text"):
        identify(
            Enrolled(features=rows, subjects=[1, 2]), Enrolled(features=rows, subjects=["1", "2"])
        )


def test_identify_when_nobody_is_enrolled_then_protocol_error():
    rows = np.eye(2)
    with pytest.raises(ProtocolError, match="none of 2 probes has its subject"):
        identify(Enrolled(features=rows, subjects=[1, 2]), Enrolled(features=rows, subjects=[3, 4]))


def test_identify_when_input_does_not_fit_then_typed_error():
    rows = np.eye(2)
    good = Enrolled(features=rows, subjects=[1, 2])
    with pytest.raises(ProtocolError, match="one subject a template"):
        identify(good, Enrolled(features=rows, subjects=[1]))
    with pytest.raises(ProtocolError, match="of one model"):
        identify(good, Enrolled(features=np.eye(3), subjects=[1, 2, 3]))
    with pytest.raises(ProtocolError, match="of one model"):
        identify(good, good, np.eye(3))
    with pytest.raises(ProtocolError, match="all zeros"):
        identify(good, Enrolled(features=np.zeros((2, 2)), subjects=[1, 2]))
    with pytest.raises(NumericsError, match="not finite"):
        identify(good, good, np.full((1, 2), np.inf))
    with pytest.raises(ConfigError, match="ranks"):
        identify(good, good, ranks=(0,))
    with pytest.raises(ConfigError, match="share"):
        identify(good, good, targets=(-1.0,))
