"""`precision=auto`: decided by the machine, measured once."""

import json
from pathlib import Path

import pytest
import torch

from frlib.parallel.collectives import SingleGroup
from frlib.train import precision
from frlib.train.loop import epochs
from frlib.train.place import Place
from tests.unit.train.worlds import HERE, config, manifest, pixels

AUTO = config(precision="auto")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "frlib" / "precision.json"


def _machine(monkeypatch: pytest.MonkeyPatch, *, narrow: float | None) -> list[int]:
    """A machine; narrow: seconds of a step in bfloat16, where float32 takes 1. Measured sizes."""
    measured: list[int] = []

    def timed(_: object, size: int, __: object) -> dict[str, float]:
        assert narrow is not None, "measured without need"
        measured.append(size)
        return {"float32": 1.0, "bfloat16": narrow}

    monkeypatch.setattr(precision, "has_bfloat16", lambda _: narrow is not None)
    monkeypatch.setattr(precision, "measured", timed)
    return measured


def test_decided_when_it_is_set_then_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    _machine(monkeypatch, narrow=None)
    for name in ("float32", "bfloat16", "float16"):
        assert precision.decided(config(precision=name), HERE) == name
    assert not cache.exists()


def test_decided_when_there_are_no_fast_instructions_then_float32_unmeasured(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    _machine(monkeypatch, narrow=None)
    assert precision.decided(AUTO, HERE) == "float32"
    assert not cache.exists()


@pytest.mark.parametrize(("narrow", "wanted"), [(0.5, "bfloat16"), (1.5, "float32")])
def test_decided_when_measured_then_takes_the_faster_and_remembers(
    narrow: float, wanted: str, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    measured = _machine(monkeypatch, narrow=narrow)
    assert [precision.decided(AUTO, HERE) for _ in range(3)] == [wanted] * 3
    assert measured == [AUTO.data.size]
    assert list(json.loads(cache.read_text()).values()) == [narrow < 1]
    other = config(precision="auto", backbone={"name": "tiny", "width": 8, "embedding_size": 16})
    assert precision.decided(other, HERE) == wanted
    assert len(measured) == 2 and len(json.loads(cache.read_text())) == 2


@pytest.mark.parametrize("text", ["{", "[1]", "3"])
def test_decided_when_the_cache_is_damaged_then_measures_again(
    text: str, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    measured = _machine(monkeypatch, narrow=0.5)
    cache.parent.mkdir()
    cache.write_text(text)
    assert precision.decided(AUTO, HERE) == "bfloat16"
    assert len(measured) == 1 and len(json.loads(cache.read_text())) == 1


def test_decided_when_the_cache_cannot_be_written_then_goes_on(
    monkeypatch: pytest.MonkeyPatch, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _machine(monkeypatch, narrow=0.5)
    cache.parent.write_text("a file where the folder should be")
    assert precision.decided(AUTO, HERE) == "bfloat16"
    assert "measured again in every run" in caplog.text


@pytest.mark.parametrize(("first", "wanted"), [(1.0, "bfloat16"), (0.0, "float32")])
def test_decided_when_another_worker_is_the_first_then_takes_its_answer(
    first: float, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Second(SingleGroup):
        def max(self, values: torch.Tensor) -> torch.Tensor:
            return values.clamp(min=first)

    measured = _machine(monkeypatch, narrow=0.5)
    place = Place(torch.device("cpu"), Second(rank=1, size=2))
    assert precision.decided(AUTO, place) == wanted
    assert not measured


def test_measured_when_run_then_both_types_have_a_time() -> None:
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 4))
    found = precision.measured(net, 8, torch.device("cpu"))
    assert found.keys() == {"float32", "bfloat16"}
    assert all(0 < seconds < 10 for seconds in found.values())


@pytest.mark.parametrize(
    ("name", "kind"),
    [("float32", torch.float32), ("bfloat16", torch.bfloat16), ("float16", torch.float16)],
)
def test_autocast_when_entered_then_products_have_its_type(name: str, kind: torch.dtype) -> None:
    one = torch.ones(2, 2)
    with precision.autocast(name, torch.device("cpu"))():
        assert (one @ one).dtype == kind


def test_epochs_when_precision_is_left_open_then_tells_what_was_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _machine(monkeypatch, narrow=0.5)
    run = config(precision="auto", epochs=1)
    (only,) = epochs(run, manifest(), pixels(), seed=0, place=HERE)
    assert only.precision == "bfloat16"
