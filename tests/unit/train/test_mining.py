"""What is chosen for the next steps: the closest of a bag, alike on every worker."""

import numpy as np
import pytest
import torch
from torch import nn

from frlib.core.errors import ConfigError, DataError, NumericsError
from frlib.data.loading.groups import Bags
from frlib.testing.workers import ThreadGroup, together
from frlib.train.mining import Queue, bags_of, embedder, refill, require_given
from frlib.train.place import Place
from frlib.train.precision import autocast
from frlib.train.tail import Tail
from tests.unit.train.tails import tail, tail_images, tail_manifest
from tests.unit.train.worlds import HERE, config, state

LABELS = np.repeat(np.arange(6), 3)
ANGLES = np.array([0.0, 2.0, 0.3, 4.0, 2.1, 5.0])
"""Of the six people on a circle: 1 and 4 are closest, then 0 and 2; the others are far away."""


def _embed(rows: np.ndarray) -> np.ndarray:
    angles = ANGLES[LABELS[rows]]
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


def _mined(end: int = 99, **changes: object) -> tuple[Queue, Tail]:
    settings = tail(**changes)
    queue = Queue(settings.refill, settings.images)
    refill(queue, Bags(LABELS, 6, 2, seed=0), settings, 8, end, _embed)
    return queue, settings


def _people(queue: Queue, line: int) -> list[int]:
    labels_PM = LABELS[queue.rows[line].numpy()].reshape(-1, 2)
    assert (labels_PM == labels_PM[:, :1]).all()
    return labels_PM[:, 0].tolist()


def test_refill_when_pairs_are_close_then_their_people_are_chosen() -> None:
    queue, _ = _mined(identities=4)
    assert [queue.holds(step) for step in (7, 8, 9, 10)] == [False, True, True, False]
    for line in range(2):
        assert sorted(_people(queue, line)) == [0, 1, 2, 4]
        assert queue.mined[line] == 4
        # The pair that brought each: |e^ia − e^ib|² = 2 − 2 cos(a − b), twice a person.
        expected = 2 * (2 - 2 * np.cos(0.1)) + 2 * (2 - 2 * np.cos(0.3))
        assert float(queue.sqdist[line]) == pytest.approx(expected, rel=1e-5)
    assert queue.rows[0].tolist() != queue.rows[1].tolist()


def test_refill_when_a_threshold_leaves_too_few_then_others_of_the_bag_fill_the_step() -> None:
    queue, _ = _mined(identities=4, max_sqdist=0.05)
    for line in range(2):
        found = _people(queue, line)
        assert {1, 4} < set(found)
        assert len(set(found)) == 4
        assert queue.mined[line] == 2


def test_refill_when_the_run_ends_soon_then_no_more_is_mined_than_is_used() -> None:
    asked = []

    def counted(rows: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        return _embed(rows)

    settings = tail(refill=5)
    refill(Queue(5, 8), Bags(LABELS, 6, 2, seed=0), settings, 8, 10, counted)
    assert asked == [12, 12]


def test_refill_when_nothing_is_mined_then_asks_for_no_embeddings() -> None:
    def never(rows: np.ndarray) -> np.ndarray:
        raise AssertionError

    settings = tail(mined=False)
    queue = Queue(2, 8)
    refill(queue, Bags(LABELS, settings.identities, 2, seed=0), settings, 0, 99, never)
    assert len(set(_people(queue, 0))) == 4
    assert queue.mined.tolist() == [0, 0]


def test_refill_when_the_bag_is_the_step_then_mining_chooses_what_chance_does() -> None:
    one, other = Queue(2, 8), Queue(2, 8)
    bags = Bags(LABELS, 4, 2, seed=0)
    refill(one, bags, tail(bag=4), 0, 99, _embed)
    refill(other, bags, tail(mined=False), 0, 99, _embed)
    assert torch.equal(one.rows, other.rows)


def test_bags_when_made_then_count_who_is_left_out() -> None:
    bags = bags_of(tail(), tail_manifest(), 0)
    assert (bags.num_identities, bags.num_left_out, bags.size) == (7, 1, 6)
    assert bags_of(tail(mined=False), tail_manifest(), 0).size == 4


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"images_per_identity": 4}, r"tail.identities=4, but only 3 identities .*\(5 have fewer"),
        ({"images_per_identity": 6}, r"tail: none of the 8 identities has 6 images"),
    ],
)
def test_bags_when_too_few_have_enough_images_then_says_so(
    changes: dict[str, int], told: str
) -> None:
    with pytest.raises(DataError, match=told):
        bags_of(tail(**changes), tail_manifest(), 0)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_embedder_when_workers_share_the_images_then_each_has_all_of_one_alone(size: int) -> None:
    backbone = state(config()).trainee.backbone
    pixels, cast = tail_images().pixels, autocast("float32", HERE.device)
    rows = np.array([3, 1, 0, 20, 9, 9, 4])
    backbone.eval()
    whole = torch.from_numpy(pixels.batch(rows)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        expected = backbone(whole).numpy()

    def work(group: ThreadGroup) -> np.ndarray:
        with torch.no_grad():
            return embedder(backbone, pixels, Place(HERE.device, group), cast)(rows)

    for found in together(size, work):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_embedder_when_one_worker_meets_nan_then_all_fail() -> None:
    class Spoilt(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean((2, 3)) / (images.mean((1, 2, 3)) != bad)[:, None]

    pixels, cast = tail_images().pixels, autocast("float32", HERE.device)
    image = torch.from_numpy(pixels.batch(np.array([5]))).permute(0, 3, 1, 2).float() / 127.5 - 1
    bad = image.mean((1, 2, 3))
    failed = []

    def work(group: ThreadGroup) -> None:
        embed = embedder(Spoilt(), pixels, Place(HERE.device, group), cast)
        try:
            embed(np.array([5, 1, 2, 3]))
        except NumericsError as error:
            failed.append(str(error))

    together(2, work)
    assert len(failed) == 2
    assert all(told.startswith("mining the tail: 1 of 4 embeddings") for told in failed)


def test_run_when_its_tail_is_not_handed_over_then_says_what_is_missing() -> None:
    with pytest.raises(ConfigError, match="was given none of its images"):
        require_given(tail(), None)
    with pytest.raises(ConfigError, match="the run has no tail"):
        require_given(None, tail_manifest())
    require_given(None, None)
    require_given(tail(), tail_manifest())
