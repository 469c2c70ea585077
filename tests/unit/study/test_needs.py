import pytest

from frlib.core.config import override
from frlib.core.errors import ConfigError
from frlib.study import needs
from frlib.study.schema import Study
from tests.integration import mini


def over(path: str) -> Study:
    return override(mini.study(), [f'base.data.train={{"name": "image_folder", "path": "{path}"}}'])


def test_places_when_all_is_made_up_then_there_are_none() -> None:
    assert needs.places(mini.study()) == ()


def test_places_when_a_source_names_one_then_it_is_found() -> None:
    study = over("/data/faces")
    assert needs.places(study) == ("/data/faces",)
    needs.check(study)


def test_check_when_a_place_has_a_password_then_it_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match=r"s3://\*\*\*@bucket/faces") as caught:
        needs.check(over("s3://AK:p4ss@bucket/faces"))
    assert "p4ss" not in str(caught.value)
