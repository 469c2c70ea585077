"""The golden adapter must fail on what it does not know and on values that are off."""

import json

import numpy as np
import pytest

from frlib.metrics.folds import contiguous
from tests.golden.adapters import eval as adapter
from tests.unit.metrics import naive


@pytest.fixture
def golden(tmp_path):
    """A golden folder with one recorded case, computed by the loops."""
    folder = tmp_path / "eval" / "verification"
    folder.mkdir(parents=True)
    (tmp_path / "eval" / "README.md").write_text("words")
    emb, same = naive.faces(0)
    fold = contiguous(len(same), 10)
    unit = emb.astype(np.float64)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    distance = ((unit[0::2] - unit[1::2]) ** 2).sum(1)
    tpr, fpr = naive.mean_roc(distance, same, fold)
    accuracy, threshold = naive.insightface(distance, same, fold)
    np.savez(folder / "any.npz", emb=emb, issame=same, fold=fold, tpr=tpr, fpr=fpr)
    entry = {
        "acc_per_fold": accuracy.tolist(),
        "acc_mean": accuracy.mean(),
        "acc_std": accuracy.std(),
        "best_threshold_per_fold": threshold.tolist(),
        "nfolds": 10,
    }
    _write(folder, {"name": "any", "insightface": entry})
    return tmp_path


def _write(folder, content):
    (folder / "any.json").write_text(json.dumps(content))


def _edit(golden, change):
    folder = golden / "eval" / "verification"
    content = json.loads((folder / "any.json").read_text())
    change(content)
    _write(folder, content)


def _run(golden):
    return {case.id: case for case in adapter.cases(golden)}


def test_cases_when_values_are_right_then_all_pass(golden):
    found = _run(golden)
    assert set(found) == {
        "eval/verification/any.json::insightface",
        "eval/verification/any.json::roc",
    }
    for case in found.values():
        case.run()


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["insightface"].update(acc_mean=c["insightface"]["acc_mean"] + 1e-9),
        lambda c: c["insightface"]["best_threshold_per_fold"].__setitem__(3, 1.0),
        lambda c: c["insightface"].update(nfolds=5),
        lambda c: c["insightface"].update(novelty=1.0),
        lambda c: c.update(insightface={"error": "ZeroDivisionError"}),
    ],
)
def test_cases_when_a_value_is_off_then_its_case_fails(golden, change):
    _edit(golden, change)
    case = _run(golden)["eval/verification/any.json::insightface"]
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        case.run()


def test_cases_when_a_protocol_is_unknown_then_its_case_fails(golden):
    _edit(golden, lambda c: c.update(newface={"acc_mean": 1.0}))
    with pytest.raises(pytest.fail.Exception, match="newface"):
        _run(golden)["eval/verification/any.json::newface"].run()


@pytest.mark.parametrize(
    "name", ["eval/novel.bin", "eval/verification/more.npz", "eval/verification/x.txt"]
)
def test_cases_when_a_file_is_unknown_then_its_case_fails(golden, name):
    (golden / name).write_bytes(b"")
    with pytest.raises(pytest.fail.Exception):
        _run(golden)[name].run()


@pytest.mark.parametrize("group", sorted(adapter.ELSEWHERE))
def test_cases_when_a_group_has_an_adapter_of_its_own_then_it_is_left_to_it(golden, group):
    (golden / "eval" / group / "tiny").mkdir(parents=True)
    assert not [case for case in _run(golden) if case.startswith(f"eval/{group}")]
