"""The benchmarks of verification and identification: that they compare and notice wrong results.

Nothing is asserted about speed.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.bench import (
    eval_identification,
    eval_verification,
    plain_identification,
    plain_verification,
)
from frlib.core.errors import BenchmarkError
from frlib.data.features.packed import Packed
from frlib.metrics import verification


def test_verification_when_small_then_every_protocol_is_reported() -> None:
    said: list[str] = []
    found = eval_verification.measured(eval_verification.SMALL, say=said.append)
    assert [one.what for one in found] == [
        "insightface, from embeddings",
        "insightface, from distances",
        "boundaryface",
    ]
    assert all(one.least_ms <= one.ms <= one.most_ms and one.faster > 0 for one in found)
    assert len(said) == 1


def test_verification_when_faces_are_made_then_hard_but_not_hopeless() -> None:
    faces = eval_verification._faces(eval_verification.SMALL)
    found = verification.insightface(eval_verification._distances(faces), faces.same, faces.fold)
    assert 0.6 < found.accuracy < 0.99


@pytest.mark.parametrize(("name", "what"), [("insightface", "from emb"), ("boundaryface", "bound")])
def test_verification_when_plain_code_differs_then_error_and_no_time(
    monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    honest = getattr(plain_verification, name)

    def other(left: Any, *rest: Any) -> Any:
        return honest(-left if name == "boundaryface" else 4 - left, *rest)

    monkeypatch.setattr(plain_verification, name, other)
    with pytest.raises(BenchmarkError, match=f"{what}.* judged differently"):
        eval_verification.compared(eval_verification.SMALL)


def test_identification_when_small_then_compared_and_whole_are_reported() -> None:
    sizes = eval_identification.SMALL
    found = eval_identification.measured(sizes, threads=1, say=lambda text: None)
    assert found.compared.shape == sizes.compared
    assert found.compared.difference == 0
    assert found.whole.times_floor > 0
    assert 0 < found.whole.rank1 < found.whole.refined_rank1 < 1
    assert 0 < found.whole.tar < 1


def test_identification_when_plain_code_differs_then_error_and_no_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plain_identification, "accuracy", lambda *_: np.full(10, 0.5))
    with pytest.raises(BenchmarkError, match="from the full matrix"):
        eval_identification.compared(eval_identification.SMALL.compared, 1)


def test_identification_when_distractors_are_written_then_the_blocks_come_back(
    tmp_path: Path,
) -> None:
    shape = eval_identification.SMALL.whole
    eval_identification._written(shape, tmp_path / "a.npy")
    file = Packed(tmp_path / "a.npy")
    blocks = np.concatenate(list(eval_identification._blocks(shape)))
    np.testing.assert_array_equal(file[:], blocks)
    assert blocks.shape == (shape.distractors, shape.dim)
    file.close()
