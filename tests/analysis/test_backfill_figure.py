"""The figure of a partial backfill."""

from pathlib import Path

import pytest

from analysis.figures.backfill import Line, Spot, draw, write
from frlib.core.errors import ConfigError, RecordError


def _lines() -> list[Line]:
    spots = tuple(
        Spot(share=step / 10, value=0.4 + 0.05 * step, low=0.35 + 0.05 * step, high=0.9)
        for step in range(11)
    )
    return [
        Line(metric="rank1", spots=spots, bar=0.5),
        Line(metric="tar@far=0.001", spots=(Spot(share=0, value=0.2), Spot(share=1, value=0.6))),
    ]


def test_draw_when_two_metrics_then_a_line_each_and_the_bar_that_is_known() -> None:
    figure = draw(_lines(), "search.csv: new in old")
    axes = figure.axes[0]
    points = [container.lines[0] for container in axes.containers]
    assert [len(line.get_xdata()) for line in points] == [11, 2]
    assert points[0].get_ydata()[-1] == pytest.approx(90)
    (bar,) = [line for line in axes.lines if set(line.get_ydata()) == {50.0}]
    assert bar.get_linestyle() == "--"
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["old model, own gallery", "rank1", "tar@far=0.001"]


def test_write_when_twice_then_equal_bytes_and_strange_suffixes_are_refused(tmp_path: Path) -> None:
    files = [write(_lines(), "title", tmp_path / f"{k}.png").read_bytes() for k in range(2)]
    assert files[0] == files[1]
    with pytest.raises(ConfigError, match=r"\.gif"):
        write(_lines(), "title", tmp_path / "a.gif")


def test_draw_when_nothing_is_known_then_told() -> None:
    with pytest.raises(RecordError, match="no share"):
        draw([Line(metric="rank1", spots=())], "title")
