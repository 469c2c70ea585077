"""Results that change at equal settings change the digest."""

import sys

import pytest

from frlib.core.config import digest, recipes, to_dict
from frlib.heads.presets import arcface
from frlib.study.arms import cells
from tests.unit.study.designs import digests, small


def test_recipe_when_raised_then_digests_of_its_configs_change_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    study = small()
    before = [(cell.digest, cell.default.digest) for cell in cells(study, digests)]
    assert recipes(study.base) == {}
    monkeypatch.setattr(sys.modules[arcface.Config.__module__], "RECIPE", 2, raising=False)
    after = [(cell.digest, cell.default.digest) for cell in cells(study, digests)]
    changed = [old != new for old, new in zip(before, after, strict=True)]
    assert changed == [True, True, False, False, False, False], "the two cells with ArcFace"
    first = next(cells(study, digests)).default
    assert first.to_json()["recipes"] == {arcface.Config.__module__: 2}


def test_recipe_when_it_is_the_first_then_is_in_no_digest() -> None:
    assert "recipe" not in to_dict(arcface.Config(), places=False)
    assert digest(arcface.Config()) == digest(arcface.Config())


def test_recipe_when_written_out_then_json_reads_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[arcface.Config.__module__], "RECIPE", 3, raising=False)
    assert arcface.Config.parse(to_dict(arcface.Config())) == arcface.Config()
