"""The pages of the benchmarks on a terminal of 80 columns: nothing is cut off."""

from pathlib import Path

import pytest

from frlib.cli import bench_page
from tests.benchmarks.run import run


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("name", ["eval", "heads", "train"])
def test_page_when_the_terminal_is_narrow_then_no_value_is_cut_off(
    name: str,
    columns: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(bench_page.console, "_width", columns)
    assert run(monkeypatch, "bench", name, "--small", "--repeats", "1") == 0
    page = capsys.readouterr().out
    assert "…" not in page and "nan" not in page
    assert max(len(line) for line in page.splitlines()) <= columns
