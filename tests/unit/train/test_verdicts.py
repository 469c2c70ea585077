import numpy as np
import torch

from frlib.heads.output import Decisions
from frlib.parallel.collectives import SINGLE
from frlib.train.verdicts import VerdictLog
from tests.unit.train.worlds import manifest


def _decisions(flagged: list[bool], proposed: list[int], scores: list[float]) -> Decisions:
    given = torch.zeros(len(flagged), dtype=torch.int64)
    return Decisions(
        "test", torch.tensor(flagged), given, torch.tensor(proposed), torch.tensor(scores)
    )


def test_close_when_a_sample_came_more_than_once_then_its_last_decision_counts() -> None:
    log = VerdictLog(manifest(), SINGLE, torch.device("cpu"))
    log.add(0, torch.tensor([7, 3, 9]), _decisions([True, True, True], [1, 2, 3], [0.1, 0.2, 0.3]))
    log.add(1, torch.tensor([9, 9, 4]), _decisions([True, True, False], [4, 5, 1], [0.4, 0.5, 0.6]))
    log.add(2, torch.tensor([7]), _decisions([False], [2], [0.7]))
    found = log.close()
    assert found.rows.tolist() == [3, 7, 9]
    assert found.proposed.tolist() == [2, 1, 5]
    np.testing.assert_allclose(found.score, [0.2, 0.1, 0.5], rtol=1e-6)
    assert found.scores["corrections/flagged"] == 3


def test_close_when_nothing_was_added_then_empty() -> None:
    log = VerdictLog(manifest(), SINGLE, torch.device("cpu"))
    found = log.close()
    assert len(found.rows) == 0 and not found.scores
