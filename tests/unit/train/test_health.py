import math

from frlib.train.health import ALIKE, PAST, SHARE, Health

CALM = [10.0, 10.2, 9.8, 10.1, 9.9]


def _names(losses: list[float], alike: list[float] | None = None) -> list[list[str]]:
    health, alike = Health(), alike or [0.0] * len(losses)
    return [
        [name for name, _ in health.signs(step, *point)]
        for step, point in enumerate(zip(losses, alike, strict=True))
    ]


def test_signs_when_the_loss_jumps_then_is_a_spike_with_its_numbers() -> None:
    assert _names([*CALM, 14.0, 10.0]) == [[]] * 5 + [["loss spike"], []]
    health = Health()
    for loss in CALM:
        health.signs(0, loss, 0.0)
    ((_, message),) = health.signs(350, 14.0, 0.0)
    assert message == "step 350: loss 14, median of the 5 points before 10"


def test_signs_when_points_are_few_then_nothing_is_said() -> None:
    assert _names([*CALM[:4], 100.0]) == [[]] * 5


def test_signs_when_the_jump_is_small_or_usual_then_nothing_is_said() -> None:
    assert _names([*CALM, SHARE * 10.0])[-1] == []
    noisy = [10.0, 14.0, 7.0, 15.0, 6.0]
    assert _names([*noisy, 17.0])[-1] == []


def test_signs_when_the_loss_falls_then_only_the_last_points_count() -> None:
    falling = [100.0] * PAST + [10.0 + 0.1 * (n % 2) for n in range(PAST)]
    assert _names([*falling, 50.0])[-1] == ["loss spike"]


def test_signs_when_a_loss_is_not_finite_then_does_not_count() -> None:
    assert _names([*CALM, math.nan, math.nan, math.nan, 14.0])[-1] == ["loss spike"]
    assert _names([math.nan] * 9 + [14.0]) == [[]] * 10


def test_signs_when_embeddings_are_alike_twice_then_is_a_collapse_told_once() -> None:
    alike = [0.0, 0.99, 0.2, 0.97, 0.98, 0.99, 0.1, 0.99, 0.99]
    found = _names([10.0] * 9, alike)
    assert [number for number, names in enumerate(found) if names == ["collapse"]] == [4, 8]
    assert _names([10.0] * 3, [ALIKE] * 3) == [[]] * 3
