"""The golden runner can fail: wrong values, unknown methods and stray files are all noticed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.golden.case import Case
from tests.golden.test_golden import cases


def _softmax_case(seed: int = 0, batch: int = 5, classes: int = 7, dim: int = 3) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    emb, weight = draw.normal(size=(batch, dim)), draw.normal(size=(classes, dim))
    labels = draw.integers(classes, size=batch)
    logits = emb @ weight.T
    exp = np.exp(logits - logits.max(1, keepdims=True))
    prob = exp / exp.sum(1, keepdims=True)
    ce = -np.log(prob[np.arange(batch), labels]).mean()
    slope = (prob - np.eye(classes)[labels]) / batch
    return {
        "embeddings": emb,
        "weight": weight,
        "labels": labels,
        "logits": logits,
        "rectified": labels,
        "ce": ce,
        "extra": 0.0,
        "total": ce,
        "grad_emb": slope @ weight,
        "grad_weight": slope.T @ emb,
    }


def _write(
    root: Path, name: str, arrays: dict[str, Any], method: str = "softmax__opensphere"
) -> None:
    path = root / "heads" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = json.dumps({"method": method, "case": "any", "hyper": {}, "note": ""})
    np.savez(path, meta=np.array(meta), **arrays)


def _only(root: Path) -> Case:
    found = list(cases(root))
    assert len(found) == 1
    return found[0]


def _run(root: Path) -> None:
    case = _only(root)
    assert case.run is not None
    case.run()


def test_runner_when_values_are_right_then_passes_under_any_file_name(tmp_path: Path) -> None:
    _write(tmp_path, "deep/er/whatever.npz", _softmax_case())
    assert _only(tmp_path).id == "heads/deep/er/whatever.npz"
    _run(tmp_path)


@pytest.mark.parametrize(
    "array", ["logits", "ce", "extra", "total", "grad_emb", "grad_weight", "rectified"]
)
def test_runner_when_one_value_is_off_then_fails_naming_the_array(
    tmp_path: Path, array: str
) -> None:
    arrays = _softmax_case()
    wrong = np.array(arrays[array])
    wrong.flat[-1] += 1 if array == "rectified" else 1e-6
    _write(tmp_path, "a.npz", arrays | {array: wrong})
    with pytest.raises(AssertionError, match=array):
        _run(tmp_path)


def test_runner_when_an_array_is_not_compared_then_fails(tmp_path: Path) -> None:
    _write(tmp_path, "a.npz", _softmax_case() | {"state_of_something": np.zeros(1)})
    with pytest.raises(AssertionError, match="state_of_something"):
        _run(tmp_path)


def test_runner_when_correction_was_recorded_but_is_off_then_fails(tmp_path: Path) -> None:
    none = np.zeros(0, dtype=np.int64)
    recorded = {"recorded_index": none, "recorded_label": none}
    _write(tmp_path, "a.npz", _softmax_case() | recorded)
    with pytest.raises(AssertionError, match="correction is on"):
        _run(tmp_path)


def test_runner_when_the_method_is_unknown_then_fails_naming_it(tmp_path: Path) -> None:
    _write(tmp_path, "softmax__opensphere__mixed.npz", _softmax_case(), method="sofmax__opensphere")
    with pytest.raises(AssertionError, match="sofmax__opensphere"):
        _run(tmp_path)


@pytest.mark.parametrize("text", ["", "not an archive"])
@pytest.mark.parametrize("name", ["heads/notes.txt", "heads/broken.npz", "other/a.npz", "a.npz"])
def test_runner_when_a_file_is_not_golden_then_fails(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    with pytest.raises(AssertionError, match="not a"):
        _run(tmp_path)


def test_runner_when_only_readmes_then_has_no_cases(tmp_path: Path) -> None:
    (tmp_path / "bct").mkdir()
    (tmp_path / "bct" / "README.md").write_text("text")
    assert list(cases(tmp_path)) == []


def test_runner_when_backward_compatible_then_one_pending_case_a_file(tmp_path: Path) -> None:
    (tmp_path / "bct").mkdir()
    for name in ("b.npz", "a.npz"):
        np.savez(tmp_path / "bct" / name, x=np.zeros(1))
    found = list(cases(tmp_path))
    assert [(c.id, c.run) for c in found] == [("bct/a.npz", None), ("bct/b.npz", None)]
    assert all(c.pending for c in found)
