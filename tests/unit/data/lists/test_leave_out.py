from dataclasses import replace

import pytest

from frlib.core.config import Config
from frlib.core.errors import DataError
from frlib.data.lists.leave_out import leave_out
from frlib.data.manifest import Manifest
from frlib.data.sources import image_folder, recordio
from tests.unit.data.tiny_sets import manifest

NAMES = image_folder.Config(path="-")
NUMBERS = recordio.Config(path="-")


def _set(source: Config, *sizes: int, prefix: str = "p") -> Manifest:
    return replace(manifest(*sizes, prefix=prefix), readers=(source,))


def test_leave_out_when_nobody_is_known_then_the_same_set() -> None:
    people = _set(NAMES, 2, 2, 2)
    kept = leave_out(people, [(NAMES, _set(NAMES, 2, prefix="q"))])
    assert kept.manifest is people
    assert (kept.by_name, kept.by_image) == (0, 0)


def test_leave_out_when_names_are_known_then_they_go() -> None:
    training = replace(_set(NAMES, 1, 1, prefix="q"), identities=("p0000", "p0001"))
    kept = leave_out(_set(NAMES, 2, 2, 2, 2), [(NAMES, training)])
    assert kept.manifest.identities == ("p0002", "p0003")
    assert (kept.by_name, kept.by_image) == (2, 0)


@pytest.mark.parametrize("source", [NAMES, NUMBERS])
def test_leave_out_when_an_image_is_known_then_its_person_goes(source: Config) -> None:
    people = _set(source, 2, 2, 2)
    training = _set(NUMBERS, 3, prefix="q")
    sums = training.checksums.copy()
    sums[1] = people.checksums[4]
    kept = leave_out(people, [(NUMBERS, replace(training, checksums=sums))])
    assert kept.manifest.identities == ("p0000", "p0001")
    assert (kept.by_name, kept.by_image) == (0, 1)


def test_leave_out_when_one_set_has_numbers_then_names_are_not_compared() -> None:
    people = _set(NAMES, 2, 2)
    training = replace(_set(NUMBERS, 2, prefix="q"), identities=("p0000",))
    assert len(leave_out(people, [(NUMBERS, training)]).manifest) == 4


def test_leave_out_when_nobody_is_left_then_error_counts_them() -> None:
    people = _set(NAMES, 2, 2, 2)
    with pytest.raises(DataError, match="0 of 3 identities are left: training knows 3 by name"):
        leave_out(people, [(NAMES, people)])
