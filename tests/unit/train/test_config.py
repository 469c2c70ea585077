import pytest

from frlib.core.config import canonical, digest, override
from frlib.core.errors import ConfigError
from frlib.data.augment import Augment
from frlib.optimisers import adamw, sgd
from frlib.train.config import TrainConfig
from tests.unit.train.worlds import config

AS_EVER = {
    "data": {"train": {"name": "parquet", "path": "unused"}, "size": 32},
    "backbone": {"name": "tiny", "width": 4, "embedding_size": 16},
}


def test_digest_when_nothing_new_is_set_then_is_that_of_the_first_trainer() -> None:
    assert digest(TrainConfig.parse(AS_EVER)) == "d6ac77fb81fb4fda"


@pytest.mark.parametrize(
    "places",
    [
        {"class_rows": "sharded"},
        {"compile": True},
        {"checkpoint_every": 5},
        {"keep_checkpoints": 5},
        {"log_every": 5},
        {"profile": 5},
    ],
    ids=str,
)
def test_digest_when_it_changes_no_result_then_is_equal(places: dict) -> None:
    assert digest(config(**places)) == digest(config())


def test_accumulate_when_it_does_not_divide_the_batch_then_is_refused() -> None:
    with pytest.raises(ConfigError, match="batch_size=16 does not divide into accumulate=3"):
        TrainConfig.parse({**AS_EVER, "batch_size": 16, "accumulate": 3})


def test_digest_when_only_the_flip_is_set_then_as_before_there_were_other_changes() -> None:
    counted = canonical(config(), places=False)
    assert '"flip":true' in counted
    assert not any(name in counted for name in ("augment", "sampling", "last_batch"))
    still = canonical(config(augment=Augment(flip=False)), places=False)
    assert still == counted.replace('"flip":true', '"flip":false')


@pytest.mark.parametrize(
    "change",
    [
        {"augment": Augment(crop=1)},
        {"augment": Augment(crop=2)},
        {"augment": Augment(saturation=0.1)},
        {"sampling": "class_balanced"},
        {"last_batch": "fill"},
        {"accumulate": 2},
        {"ema": 0.5},
        {"on_nonfinite": "skip"},
        {"freeze": ("head",)},
        {"stopping": {"patience": 1}},
        {"start": {"stage": "one"}, "stages": {"one": "train"}},
        {"optimiser": sgd.Config(lr=0.05, head_rate=2.0)},
        {"optimiser": adamw.Config(lr=0.05)},
    ],
    ids=str,
)
def test_digest_when_a_change_is_added_then_differs(change: dict) -> None:
    others = [config(), config(augment=Augment(flip=False)), config(augment=Augment(crop=3))]
    assert digest(config(**change)) not in {digest(other) for other in others}


def test_override_when_there_is_no_start_yet_then_says_to_set_all_of_it() -> None:
    with pytest.raises(ConfigError, match=r"start is not set.*start=\{\"path\": \.\.\.\}"):
        override(config(), ["start.path=somewhere"])


def test_override_when_a_list_is_given_as_a_text_then_says_how_lists_are_written() -> None:
    with pytest.raises(ConfigError, match=r"freeze='head': expected a list, as JSON"):
        override(config(), ["freeze=head"])
