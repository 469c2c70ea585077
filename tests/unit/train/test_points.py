import math

import pytest
import torch

from frlib.parallel.collectives import SINGLE
from frlib.schedules import follow, moving_haar
from frlib.train.points import Points, mean_cosine
from frlib.train.step import Done
from tests.unit.train.worlds import config, state


def _done(loss: float, norm: float = 2.0) -> Done:
    emb_BD = torch.tensor([[3.0, 0.0], [0.0, 5.0], [1.0, 1.0]])
    return Done(torch.tensor(loss), torch.tensor(norm), torch.tensor(False), emb_BD, ())


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.float64], ids=str)
def test_mean_cosine_when_taken_then_is_that_over_all_pairs(kind: torch.dtype) -> None:
    draw = torch.Generator().manual_seed(0)
    emb_BD = (torch.randn(9, 5, generator=draw) + 0.5).to(kind)
    cosines = [
        torch.cosine_similarity(emb_BD[i].double(), emb_BD[j].double(), dim=0)
        for i in range(9)
        for j in range(9)
        if i != j
    ]
    assert float(mean_cosine(emb_BD)) == pytest.approx(float(torch.stack(cosines).mean()), abs=1e-6)


def test_mean_cosine_when_rows_are_alike_or_single_then_is_one_or_zero() -> None:
    row = torch.tensor([[1.0, 2.0, 3.0]])
    assert float(mean_cosine(row.repeat(4, 1) * torch.arange(1, 5)[:, None])) == pytest.approx(1)
    assert float(mean_cosine(row)) == 0
    assert float(mean_cosine(torch.cat([row, -row]))) == pytest.approx(-1)


def test_add_when_a_point_is_due_then_the_loss_is_the_mean_since_the_last_one() -> None:
    made, points, rows = state(config()), Points(3, SINGLE), []
    for loss in (1.0, 2.0, 6.0, 5.0, 5.0, 8.0, 9.0):
        made.progress.step += 1
        rows.append(points.add(made, _done(loss), lr=0.25))
    assert [number for number, row in enumerate(rows, 1) if row is not None] == [3, 6]
    assert rows[2] == pytest.approx(
        {"steps/loss": 3.0, "steps/lr": 0.25, "steps/norm": 2.0, "steps/alike": 2 / 3 / 2**0.5}
    )
    assert rows[5] is not None and rows[5]["steps/loss"] == 6.0


def test_add_when_some_losses_are_not_finite_then_the_others_count() -> None:
    made, points = state(config()), Points(2, SINGLE)
    made.progress.step = 1
    assert points.add(made, _done(math.nan), lr=0.25) is None
    made.progress.step = 2
    row = points.add(made, _done(4.0), lr=0.25)
    assert row is not None and row["steps/loss"] == 4.0


def test_add_when_the_schedule_learns_then_its_numbers_are_in_the_row() -> None:
    made = state(config())
    made.schedule = follow(100, 10, moving_haar.Config())
    made.schedule.observe(7.0)
    made.progress.step = 1
    row = Points(1, SINGLE).add(made, _done(4.0), lr=0.25)
    assert row is not None
    assert (row["schedule/mean"], row["schedule/seen"], row["schedule/cuts"]) == (7.0, 1.0, 0.0)
