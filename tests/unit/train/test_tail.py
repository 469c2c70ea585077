"""The settings of a tail: what they refuse, and what counts for a digest."""

import subprocess
import sys
from typing import Any

import pytest

from frlib.core.config import digest, to_dict
from frlib.core.errors import ConfigError
from frlib.data.parts import class_size
from frlib.train.config import TrainConfig
from frlib.train.tail import Tail
from tests.unit.train.tails import with_tail
from tests.unit.train.worlds import config


def test_tail_when_left_alone_then_is_the_sources() -> None:
    found = Tail()
    assert found.part == class_size.Config(below=10)
    assert (found.identities, found.images_per_identity, found.images) == (120, 3, 360)
    assert found.bag * found.images_per_identity == 3600
    assert found.refill * found.images == 36_000


def test_digest_when_there_is_no_tail_then_is_as_before_there_were_tails() -> None:
    assert "tail" not in to_dict(config(), places=False)
    assert digest(config()) != digest(with_tail()) != digest(with_tail(weight=5.0))


def test_digest_when_nothing_is_mined_then_settings_of_mining_do_not_count() -> None:
    one, other = (
        with_tail(mined=False, bag=bag, refill=refill) for bag, refill in ((6, 2), (9, 5))
    )
    assert digest(one) == digest(other) != digest(with_tail())
    assert digest(with_tail(bag=6)) != digest(with_tail(bag=7))


def test_config_when_written_and_read_then_is_the_same() -> None:
    run = with_tail()
    assert TrainConfig.parse(to_dict(run)) == run


def test_bag_when_smaller_than_what_is_chosen_from_it_then_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"bag=3 is smaller than identities=4"):
        Tail.parse({"identities": 4, "bag": 3})
    assert Tail(identities=4, bag=3, mined=False).bag == 3


@pytest.mark.parametrize(
    ("workers", "accumulate", "told"),
    [
        (3, 1, r"tail.identities=4 does not divide into 3 workers; choose a multiple of 3"),
        (2, 2, r"accumulate=2 with a tail: .* Set accumulate=1"),
    ],
)
def test_tail_when_it_does_not_go_with_the_run_then_says_what_to_do(
    workers: int, accumulate: int, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        Tail(identities=4).require_fit(workers, accumulate)


def test_module_when_imported_then_brings_no_torch() -> None:
    code = "import sys, frlib.train.tail; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("wrong", [{"weight": -1}, {"max_sqdist": 4.5}, {"identities": 1}], ids=str)
def test_tail_when_a_number_has_no_meaning_then_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Tail.parse(wrong)


def test_stages_when_unequal_training_is_a_chain_then_only_the_last_has_the_tail() -> None:
    first = {"head": {"name": "arcface"}, "tail": None}
    stages = {
        "pretrained": {"name": "train", "changes": first},
        "nra": {"name": "train", "changes": {"tail": None}, "start": {"stage": "pretrained"}},
    }
    last = with_tail(
        {"head": {"name": "unequal"}, "stages": stages, "start": {"stage": "nra", "head": True}}
    )
    runs = last.stage_runs()
    assert {name: (run.head.name, run.tail) for name, run in runs.items()} == {
        "pretrained": ("arcface", None),
        "nra": ("unequal", None),
    }
