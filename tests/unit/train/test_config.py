import pytest

from frlib.core.config import canonical, digest
from frlib.data.augment import Augment
from tests.unit.train.worlds import config


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
    ],
    ids=str,
)
def test_digest_when_a_change_is_added_then_differs(change: dict) -> None:
    others = [config(), config(augment=Augment(flip=False)), config(augment=Augment(crop=3))]
    assert digest(config(**change)) not in {digest(other) for other in others}
