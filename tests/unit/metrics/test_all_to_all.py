import numpy as np
import pytest

from frlib.core.errors import ConfigError, NumericsError, ProtocolError
from frlib.metrics import tails
from frlib.metrics.all_to_all import Pairs, all_to_all, result
from frlib.metrics.one_to_one import tars

TARGETS = (1e-4, 1e-3, 0.02, 0.3)


def _set(seed, images=230, people=30, dim=8):
    """Whole numbers of one length: products are exact in any block."""
    draw = np.random.default_rng(seed)
    face = draw.choice([-1.0, 1.0], size=(people, dim * dim))
    who = draw.integers(0, people, images)
    turned = draw.random((images, dim * dim)) < 0.3
    return np.where(turned, -face[who], face[who]).astype(np.float32), who * 5 - 7


def _direct(emb, who, targets=TARGETS):
    unit = emb / np.linalg.norm(emb, axis=1, keepdims=True)
    rows, columns = np.triu_indices(len(emb), 1)
    return tars((unit @ unit.T)[rows, columns], who[rows] == who[columns], targets, "far_at_most")


@pytest.mark.parametrize("side", [7, 50, 500])
@pytest.mark.parametrize("parts", [1, 3])
def test_result_when_any_blocks_and_parts_then_equals_all_scores_at_once(side, parts):
    emb, who = _set(0)
    workers = [Pairs(emb, who, part=part, parts=parts, side=side) for part in range(parts)]
    firsts = [one.first(TARGETS) for one in workers]
    seen = sum(firsts[1:], firsts[0])
    bins = tails.fine_bins(seen.impostors, TARGETS)
    seconds = [one.second(bins) for one in workers]
    found = result(workers[0], seen, sum(seconds[1:], seconds[0]), TARGETS)
    assert found.points == _direct(emb, who)
    assert (found.protocol, found.num_images) == ("all-to-all", 230)


def test_result_when_in_one_process_then_the_same():
    emb, who = _set(1)
    assert all_to_all(emb, who, TARGETS).points == _direct(emb, who)


def test_result_when_images_are_permuted_then_the_same():
    emb, who = _set(2)
    order = np.random.default_rng(9).permutation(len(who))
    assert all_to_all(emb[order], who[order], TARGETS) == all_to_all(emb, who, TARGETS)


def test_result_when_a_part_is_missing_then_error():
    emb, who = _set(3)
    one = Pairs(emb, who, part=0, parts=2, side=50)
    seen = one.first(TARGETS)
    second = one.second(tails.fine_bins(seen.impostors, TARGETS))
    with pytest.raises(ProtocolError, match="part missing"):
        result(one, seen, second, TARGETS)


def test_pairs_when_images_are_zero_then_counted():
    emb, who = _set(4)
    emb[[3, 9]] = 0
    assert all_to_all(emb, who, TARGETS).num_zero == 2


def test_pairs_when_input_is_unusable_then_typed_errors():
    emb, who = _set(5)
    with pytest.raises(ProtocolError, match="0 genuine"):
        Pairs(emb, np.arange(len(emb)))
    with pytest.raises(ProtocolError, match="0 impostor"):
        Pairs(emb, np.zeros(len(emb), int))
    with pytest.raises(ProtocolError, match="229 identities"):
        Pairs(emb, who[1:])
    with pytest.raises(ConfigError, match="part 2 of 2"):
        Pairs(emb, who, part=2, parts=2)
    emb[8] = np.nan
    with pytest.raises(NumericsError, match="row 8"):
        Pairs(emb, who)
