"""Results change with a recipe's number, and not without it."""

import json

import pytest

from tests.contract import recipes

NOTED: dict[str, list[float]] = json.loads(recipes.NOTED.read_text())


@pytest.fixture(scope="module")
def measured() -> dict[str, list[float]]:
    return recipes.measured()


def test_notes_when_compared_with_the_modules_then_name_every_one_at_its_recipe(
    measured: dict[str, list[float]],
) -> None:
    assert measured.keys() == NOTED.keys(), "run python -m tests.contract.recipes"


@pytest.mark.parametrize("key", sorted(NOTED))
def test_result_when_the_recipe_is_the_same_then_is_as_noted(
    key: str, measured: dict[str, list[float]]
) -> None:
    module, _, recipe = key.partition("@")
    assert measured[key] == pytest.approx(NOTED[key], rel=5e-3, abs=5e-4), (
        f"results of {module} have changed: set RECIPE = {int(recipe) + 1} there if that is meant, "
        "so that records made before no longer count, and run python -m tests.contract.recipes"
    )
