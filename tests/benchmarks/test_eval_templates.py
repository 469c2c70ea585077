"""The benchmark of templates: that it compares, notices wrong results, and reports sanely.

Nothing is asserted about speed.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.bench import apart, eval_templates, eval_whole, galleries
from frlib.bench.eval_templates import SMALL
from frlib.core.errors import BenchmarkError
from frlib.metrics.one_to_one import OperatingPoint


def test_templates_when_small_then_every_part_is_reported() -> None:
    said: list[str] = []
    found = eval_templates.measured(SMALL, threads=1, say=said.append)
    assert [one.what for one in found.ratios] == [
        "pooling",
        "pooling, 8 settings",
        "pairs, dense",
        "TAR, nearest",
        "TAR, far_at_most",
    ]
    assert all(one.s > 0 and one.faster > 0 for one in found.ratios)
    assert found.whole.shape == SMALL.whole
    assert found.whole.one_to_one_s > 0
    assert 0 < found.whole.tar < 1
    assert found.streamed.pairs == SMALL.streamed * (SMALL.streamed - 1) // 2
    assert len(said) == 3


def test_set_when_made_then_sorted_with_a_mate_for_every_right_template() -> None:
    shape = replace(SMALL.whole, pairs=500)
    images, person = galleries.images(shape)
    left, right, same = galleries.pairs(shape, person)
    assert np.unique(images.template_N).tolist() == list(range(shape.templates))
    assert (np.diff(left) >= 0).all()
    assert left.max() < shape.left <= right.min()
    assert np.unique(right[same]).tolist() == list(range(shape.left, shape.templates))
    assert same.tolist() == (person[left] == person[right]).tolist()


def test_set_when_on_disk_then_as_in_memory_up_to_float16(tmp_path: Path) -> None:
    images, _ = galleries.images(SMALL.whole)
    stored = [np.load(path) for path in galleries.on_disk(SMALL.whole, images.person_N, tmp_path)]
    for found, exact in zip(stored, galleries.in_memory(SMALL.whole, images.person_N), strict=True):
        assert found.dtype == np.float16
        np.testing.assert_array_equal(found, exact.astype(np.float16))


@pytest.mark.parametrize(
    ("name", "what"),
    [("pool", "pooling: "), ("pair_scores", "pairs, dense: "), ("tars", "TAR, nearest: ")],
)
def test_templates_when_results_differ_then_error_and_no_time(
    monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    honest: Callable[..., Any] = getattr(eval_templates, name)

    def wrong(*args: Any, **kwargs: Any) -> Any:
        found = honest(*args, **kwargs)
        if name == "pair_scores":
            return found + np.float32(1e-5)
        if name == "tars":
            return tuple(replace(one, tar=one.tar + 1e-12) for one in found)
        for one in found.values():
            if one.setting == "N1D1F1":
                one.features[0] += np.float32(1e-5)
        return found

    monkeypatch.setattr(eval_templates, name, wrong)
    with pytest.raises(BenchmarkError, match=f"{what}.*not timed"):
        eval_templates.compared(SMALL)


def test_streamed_when_rates_differ_then_error(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = eval_whole.tars

    def wrong(*args: Any) -> tuple[OperatingPoint, ...]:
        return tuple(replace(one, tar=one.tar / 2) for one in honest(*args))

    monkeypatch.setattr(eval_whole, "tars", wrong)
    with pytest.raises(BenchmarkError, match="all scores at once"):
        eval_whole.streamed(200, 16, 1)


def test_apart_when_the_process_dies_then_error_and_environment_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    assert apart.run(3, apart.os.getenv, "OMP_NUM_THREADS") == "3"
    with pytest.raises(BenchmarkError, match="smaller sizes"):
        apart.run(1, apart.os._exit, 1)
    assert apart.os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in apart.os.environ
