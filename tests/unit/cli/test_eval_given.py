"""Two models that a command is given, brought into one space."""

from pathlib import Path

import numpy as np
import pytest

from frlib.cli.eval.given import Given, by_kind, in_one_space
from frlib.core.errors import ConfigError
from frlib.evaluate.features import Features
from tests.unit.evaluate.made_models import model

IDS = [f"p{k}/{n}.jpg" for k in range(4) for n in range(2)]


def test_in_one_space_when_either_side_is_the_new_model_then_its_projection_is_used() -> None:
    new = model(IDS, 0.5, "new")
    old = Features(new.ids, new.plain[:, :6].copy(), None, {"digest": "old"})
    matrix = np.eye(6, 16, dtype=np.float32)
    plain, trained = Given(old, None), Given(new, None, matrix)
    enrolled, query = in_one_space((plain, old), (trained, new), "refuse")
    assert enrolled is old and query.dimensions == 6
    enrolled, query = in_one_space((trained, new), (plain, old), "refuse")
    assert query is old and enrolled.dimensions == 6
    assert np.array_equal(enrolled.plain, old.plain)
    padded = in_one_space((trained, new), (plain, old), "pad")
    assert [side.dimensions for side in padded] == [16, 16]
    with pytest.raises(ConfigError, match="no cosine"):
        in_one_space((plain, old), (Given(new, None), new), "refuse")


def test_in_one_space_when_both_have_a_projection_then_the_one_to_the_other_side() -> None:
    new = model(IDS, 0.5, "new")
    old = Features(new.ids, new.plain[:, :6].copy(), None, {"digest": "old"})
    chain = Given(old, None, np.eye(4, 6, dtype=np.float32))
    trained = Given(new, None, np.eye(6, 16, dtype=np.float32))
    for one, other in (((chain, old), (trained, new)), ((trained, new), (chain, old))):
        assert [side.dimensions for side in in_one_space(one, other, "refuse")] == [6, 6]


def test_by_kind_when_a_file_of_vectors_then_read_and_else_a_model(tmp_path: Path) -> None:
    given = model(IDS, 0.5, "new")
    np.savez(tmp_path / "a.npz", ids=np.array(IDS), embeddings=given.plain)
    found = by_kind(str(tmp_path / "a.npz"), "cpu")
    assert found.features is not None and found.model is None
    assert found.on(None, tmp_path, {}) is found.features  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no such file or folder; expected a model"):
        by_kind(str(tmp_path / "none"), "cpu")
    with pytest.raises(ConfigError):
        by_kind("", "cpu")
