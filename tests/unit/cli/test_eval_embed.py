"""`frlib eval embed`: a set embedded with a model, in one go, in shares, and wrong calls."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from frlib.backbones import tiny
from frlib.cli.main import main
from frlib.core.config import to_dict
from frlib.evaluate import features
from tests.unit.data.tiny_sets import people, write_folder

BACKBONE = tiny.Config(width=4, embedding_size=8)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Runs `frlib eval embed WORDS` in a folder with a set and weights; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "set", people(3, 2))
    torch.manual_seed(1)
    torch.save(tiny.build(BACKBONE, 32).state_dict(), tmp_path / "w.pt")

    def call(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["frlib", "eval", "embed", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return call


def _model() -> str:
    backbone = to_dict(BACKBONE)
    return json.dumps({"name": "weights", "path": "w.pt", "backbone": backbone, "size": 32})


def test_embed_when_done_then_file_and_facts(run, tmp_path: Path, capsys) -> None:
    assert run(_model(), "set", "--out", "a.arrow", "--device", "cpu", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["embedded"] == 5 and facts["zero"] == 0 and facts["dimensions"] == 8
    assert facts["colour"] == "RGB" and facts["scaling"] == "(x - 127.5) / 127.5"
    found = features.load(tmp_path / "a.arrow")
    assert found.plain.shape == (5, 8) and found.mirrored is not None


def test_embed_when_model_field_is_set_then_it_counts(run, tmp_path: Path, capsys) -> None:
    words = ("--device", "cpu", "--no-mirrored", "--exact")
    assert run(_model(), "set", "--out", "a.arrow", *words) == 0
    assert run(_model(), "set", "--out", "b.arrow", "--model-set", "colour=BGR", *words) == 0
    one, two = (features.load(tmp_path / f"{name}.arrow") for name in "ab")
    assert one.mirrored is None and two.about["colour"] == "BGR"
    assert not np.array_equal(one.plain, two.plain)
    assert "BGR" in capsys.readouterr().out


def test_embed_when_in_shares_then_equals_one_go(run, tmp_path: Path, capsys) -> None:
    words = (_model(), "set", "--device", "cpu")
    assert run(*words, "--out", "whole.arrow", "--store", "one") == 0
    for part in ("2/2", "1/2"):
        assert run(*words, "--part", part, "--store", "two") == 0
    assert run(*words, "--out", "shared.arrow", "--store", "two") == 0
    capsys.readouterr()
    whole, shared = tmp_path / "whole.arrow", tmp_path / "shared.arrow"
    assert whole.read_bytes() == shared.read_bytes()


def test_embed_when_ids_are_listed_then_these_alone(run, tmp_path: Path, capsys) -> None:
    (tmp_path / "ids.txt").write_text("p01/1.jpg\np00/0.jpg\n")
    words = (_model(), "set", "--device", "cpu", "--ids", "ids.txt")
    assert run(*words, "--out", "a.arrow") == 0
    assert features.load(tmp_path / "a.arrow").ids.tolist() == ["p00/0.jpg", "p01/1.jpg"]
    (tmp_path / "ids.txt").write_text("gone.jpg\n")
    assert run(*words, "--out", "b.arrow") == 1
    assert "'gone.jpg'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "give --out FILE.arrow, or --part K/N"),
        (("--out", "a.npz"), "ends .arrow"),
        (("--part", "3/2"), "K from 1 to N"),
        (("--out", "a.arrow", "--device", "toaster"), "expected cpu, cuda"),
        (("--out", "a.arrow", "--model-set", "sise=3"), "did you mean"),
    ],
)
def test_embed_when_call_is_wrong_then_exit_2_and_why(
    run, capsys, words: tuple[str, ...], told: str
) -> None:
    assert run(_model(), "set", *words) == 2
    assert told in capsys.readouterr().err
