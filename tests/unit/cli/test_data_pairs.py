"""`frlib data pairs`: the folder it writes, and what a wrong call is told."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from frlib.cli.main import main
from frlib.data.config import PairBenchmark
from tests.unit.data.tiny_sets import people, write_folder, write_parquet


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Runs `frlib data pairs WORDS` in a folder of its own and returns the exit code."""
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "own", people(*[4] * 9, 1, 1))

    def call(*words: str) -> int:
        words = ("frlib", "data", "pairs", "own", "--from", "image_folder", *words)
        monkeypatch.setattr(sys, "argv", list(words))
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return call


def test_pairs_when_drawn_then_folder_and_a_benchmark_to_copy(run, tmp_path: Path, capsys) -> None:
    assert run("--out", "lists", "--pairs", "60", "--folds", "3") == 0
    shown = capsys.readouterr().out
    assert "60 (30 same)" in shown
    assert "gallery 9, probes 27, distractors 2" in shown
    assert "training knows" not in shown
    benchmark = PairBenchmark.parse(json.loads(shown.splitlines()[-1]))
    assert Path(benchmark.pairs).read_text().startswith("protocol,fold,path_a,path_b,same\nrandom,")
    assert sorted(path.name for path in (tmp_path / "lists").iterdir()) == [
        "facts.json",
        "identification.csv",
        "pairs.csv",
    ]


def test_pairs_when_everything_is_given_then_all_lists(run, tmp_path: Path, capsys) -> None:
    ids = [f"p{k:02d}/{i}.jpg" for k, size in enumerate([4] * 9 + [1, 1]) for i in range(size)]
    vectors = np.random.default_rng(0).standard_normal((len(ids), 8)).astype(np.float32)
    np.savez(tmp_path / "emb.npz", ids=np.array(ids), embeddings=vectors)
    write_parquet(tmp_path / "train.parquet", {"p00": people(2, first_seed=7000)["p00"]})
    write_parquet(
        tmp_path / "more.parquet",
        {"x": people(3, first_seed=8000)["p00"]} | {"y": people(1, first_seed=8500)["p00"]},
    )
    source = {
        name: json.dumps({"name": "parquet", "path": f"{name}.parquet"})
        for name in ("train", "more")
    }
    words = ["--out", "lists", "--pairs", "40", "--folds", "2", "--hard", "emb.npz", "--json"]
    assert run(*words, "--exclude", source["train"], "--distractors", source["more"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["left_out"]["people_by_name"] == 1
    assert facts["distractors"]["images"] == 4
    assert set(facts["verification"]) == {"random", "hard"}
    assert "p00/" not in (tmp_path / "lists" / "pairs.csv").read_text()
    assert (tmp_path / "lists" / "distractors.csv").is_file()


def test_pairs_when_too_few_people_then_exit_1_with_counts_and_no_folder(
    run, tmp_path: Path, capsys
) -> None:
    assert run("--out", "lists", "--folds", "30") == 1
    assert "found 11 identities, 9 with two or more" in capsys.readouterr().err
    assert not (tmp_path / "lists").exists()


def test_pairs_when_folder_exists_then_exit_1(run, tmp_path: Path, capsys) -> None:
    (tmp_path / "lists").mkdir()
    assert run("--out", "lists", "--pairs", "60", "--folds", "3") == 1
    assert "never overwritten" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--pairs", "3"), ("--folds", "0"), ("--seed", "-1")])
def test_pairs_when_a_number_is_out_of_range_then_exit_2(run, capsys, words) -> None:
    assert run("--out", "lists", *words) == 2
    assert words[0] in capsys.readouterr().err
