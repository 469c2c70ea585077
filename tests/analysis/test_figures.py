"""Target logit curves: the numbers against formulas in NumPy, and the figure of them."""

import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
import pytest
from matplotlib.text import Text
from numpy.typing import NDArray
from torch import Tensor
from typer.testing import CliRunner

from analysis.figures import labels, target_logit
from frlib.cli import head
from frlib.core import discover
from frlib.core.errors import ConfigError
from frlib.core.paper import Paper
from frlib.heads import curves, pages
from frlib.heads.batch import Batch
from frlib.heads.config import HeadConfig
from frlib.heads.presets._usual import usual
from frlib.heads.slots import Margin, Margined, Slots

Numbers = NDArray[np.float64]
Table = dict[str, NDArray[Any]]
theta = np.radians(curves.ANGLES)
cosine = np.cos(theta)
INNER = slice(1, -1)
"""Directions have a slope there."""
FEW = ("arcface", "cosface", "curricular", "elastic", "normface", "uniface")


@pytest.fixture(scope="module")
def table() -> Table:
    return curves.targets()


def _few(table: Table) -> Table:
    keep = np.isin(table["preset"], FEW)
    return {key: column[keep] for key, column in table.items()}


def _of(table: Table, preset: str, key: str) -> Numbers:
    """`[V, T]`, variants by angles."""
    column: Numbers = table[key][table["preset"] == preset]
    return column.reshape(-1, len(theta))


def _turned(margin: float) -> Numbers:
    """Slope of cos(θ + m) over cos θ."""
    with np.errstate(divide="ignore"):
        return np.sin(theta + margin) / np.sin(theta)


def _easy(margin: float) -> tuple[Numbers, Numbers]:
    is_near = cosine > 0
    return np.where(is_near, np.cos(theta + margin), cosine), np.where(is_near, _turned(margin), 1)


def _arcface() -> tuple[Numbers, Numbers]:
    is_within = theta + 0.5 < np.pi
    value = np.where(is_within, np.cos(theta + 0.5), cosine - 0.5 * np.sin(0.5))
    return value, np.where(is_within, _turned(0.5), 1)


def _mv_softmax() -> tuple[Numbers, Numbers]:
    value, slope = _arcface()
    return value.clip(-1, 1), np.where(np.abs(value) < 1, slope, 0)


def _combined() -> tuple[Numbers, Numbers]:
    return np.cos(theta + 0.3) - 0.2, _turned(0.3)


def _sphereface() -> tuple[Numbers, Numbers]:
    turns = np.floor(1.7 * theta / np.pi)
    return (-1) ** turns * np.cos(1.7 * theta) - 2 * turns, np.ones_like(theta)


def _circle() -> tuple[Numbers, Numbers]:
    weight = np.maximum(0, 1.25 - cosine)
    return weight * (cosine - 0.75), weight


def _expface() -> tuple[Numbers, Numbers]:
    return np.cos(np.pi * (theta / np.pi) ** 0.7), np.ones_like(theta)


def _moved(margin: float) -> tuple[Numbers, Numbers]:
    return cosine - margin, np.ones_like(theta)


@pytest.mark.parametrize(
    ("preset", "wanted"),
    [
        ("arcface", _arcface()),
        ("boundary", _arcface()),
        ("mv_softmax", _mv_softmax()),
        ("combined", _combined()),
        ("cosface", _moved(0.4)),
        ("expface", _expface()),
        ("sphereface", _sphereface()),
        ("circle", _circle()),
        ("normface", _moved(0.0)),
        ("softmax", _moved(0.0)),
    ],
)
def test_targets_when_the_angle_is_all_then_the_formula(
    table: Table, preset: str, wanted: tuple[Numbers, Numbers]
) -> None:
    (value,), (slope,) = _of(table, preset, "value"), _of(table, preset, "slope")
    np.testing.assert_allclose(value, wanted[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(slope[INNER], wanted[1][INNER], rtol=1e-9, atol=1e-12)
    assert set(_of(table, preset, "variant").flat) == {""}


def _adaface(z: float) -> tuple[Numbers, Numbers]:
    turned = theta.clip(0.0447, np.pi - 0.0447) - 0.4 * z
    return np.cos(turned.clip(0.001, np.pi - 0.001)) - 0.4 * (1 + z), _turned(-0.4 * z)


def _elastic(margin: float) -> tuple[Numbers, Numbers]:
    return np.cos(theta + margin), _turned(margin)


def _npcface(other: float) -> tuple[Numbers, Numbers]:
    margin = 0.4 + 0.2 * other * (other > np.cos(theta + 0.35))
    value = np.where(cosine > 0, np.cos(theta + margin), cosine)
    with np.errstate(divide="ignore"):
        return value, np.where(cosine > 0, np.sin(theta + margin) / np.sin(theta), 1)


@pytest.mark.parametrize(
    ("preset", "ends"),
    [
        ("magface", (_easy(0.45), _easy(0.8))),
        ("adam_softmax", (_moved(0.0), _moved(1.0))),
        ("elastic", (_elastic(0.4), _elastic(0.6))),
        ("npcface", (_npcface(0.0), _npcface(0.5))),
        ("adaface", (_adaface(-1.0), _adaface(1.0))),
    ],
)
def test_targets_when_more_than_the_angle_matters_then_the_formula_at_both_ends(
    table: Table, preset: str, ends: tuple[tuple[Numbers, Numbers], ...]
) -> None:
    values, slopes = _of(table, preset, "value"), _of(table, preset, "slope")
    assert set(_of(table, preset, "place")[:, 0]) == set(curves.PLACES)
    is_inside = (theta > 0.45) & (theta + 0.45 < np.pi) & (np.abs(cosine) > 1e-9)
    for at, (value, slope) in zip((0, -1), ends, strict=True):
        np.testing.assert_allclose(values[at], value, rtol=0, atol=3e-5)
        np.testing.assert_allclose(slopes[at][is_inside], slope[is_inside], rtol=1e-9)
    assert set(_of(table, preset, "variant").flat) != {""}


def test_targets_when_compared_with_the_presets_then_every_one_has_rows(table: Table) -> None:
    presets = discover.choices(pages.PRESETS)
    assert tuple(dict.fromkeys(table["preset"].tolist())) == presets
    lengths = {len(column) for column in table.values()}
    assert len(lengths) == 1
    for key in ("value", "slope", "theta_deg", "place"):
        assert np.isfinite(table[key]).all()


def test_curves_when_targets_are_equal_then_one_line_names_them_all(table: Table) -> None:
    lines = target_logit.curves(table)
    arc = next(one for one in lines if "ArcFace" in one.names)
    assert {title for title, _ in arc.titles} >= {
        "ArcFace",
        "ArcNegFace",
        "BoundaryFace (λ=π)",
        "CurricularFace",
        "Sub-center ArcFace (K=3)",
        "Unequal NRA",
    }
    assert "+ relabel: BoundaryFace (λ=π), RepFace-style" in arc.companions
    cos = next(one for one in lines if "CosFace" in one.names)
    assert cos.companions == ("+ objective: UniFace",)
    plain = [one for one in lines if one.is_plain]
    assert [one.names for one in plain] == [("NormFace",)]
    assert "MV-Arc-Softmax" not in {title for title, _ in arc.titles}


def test_curves_when_grouped_then_by_margin_and_by_what_it_depends_on(table: Table) -> None:
    family = {one.names[0]: one.family for one in target_logit.curves(table)}
    assert family["ArcFace"] == family["CosFace"] == target_logit.ADDED
    assert family["ExpFace"] == family["SphereFace-R"] == family["Circle"] == target_logit.TIMES
    assert family["MagFace"] == family["AdaFace"] == target_logit.LENGTH
    assert family["NPCFace"] == family["AdaM-Softmax"] == target_logit.CHANCE
    assert target_logit.OTHER not in {
        one.family for one in target_logit.curves(table) if not one.is_plain
    }


def _texts(table: Table) -> list[str]:
    figure = target_logit.draw(table)
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_figure_when_drawn_then_every_head_is_named_and_no_label_lies_on_another(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed: list[labels.Place] = []
    place = labels.place

    def watched(*args: Any) -> list[labels.Place]:
        found = place(*args)
        placed.extend(found)
        return found

    monkeypatch.setattr(target_logit, "place", watched)
    whole = " ".join(" ".join(_texts(table)).split())
    for title in set(table["title"].tolist()):
        assert title in whole
    for words in ("|x| 10 to 110", "z −1 to 1", "± 2 std", "Defaults.", "gradient convention"):
        assert words in whole
    assert len(placed) == len(target_logit.curves(table))
    assert max(one.cost for one in placed) < 1e5


@pytest.fixture
def newcomer(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A preset with a margin that nobody has heard of, which depends on the embedding's length."""

    class Halved(Margin):
        """Half the cosine, less with the length."""

        name: Literal["halved"] = "halved"

        @property
        def rises(self) -> bool:
            return True

        def amounts(self, batch: Batch, own_B: Tensor, labels_B: Tensor, state: Any) -> Tensor:
            return batch.norms_B / 1000

        def apply(self, cos: Tensor, amounts: Tensor | None) -> Margined:
            assert amounts is not None
            return Margined(cos / 2 - amounts, cos / 2)

    class Config(HeadConfig):
        name: Literal["halfface"] = "halfface"

    def compose(config: Config) -> Slots:
        return usual(config.scale, margin=Halved())

    preset, margin = ModuleType("halfface"), ModuleType("halved")
    margin.__dict__.update(Config=Halved)
    preset.__dict__.update(
        Config=Config,
        PAPER=Paper(key="none", title="HalfFace", where="nowhere"),
        SPACE={},
        label=lambda config: "HalfFace",
        compose=compose,
    )
    new = {(pages.PRESETS, "halfface"): preset, ("frlib.heads.margins", "halved"): margin}
    choices, load = discover.choices, discover.load

    def more(package: str) -> tuple[str, ...]:
        return (*choices(package), *(name for room, name in new if room == package))

    def loaded(package: str, name: str) -> ModuleType:
        return new[package, name] if (package, name) in new else load(package, name)

    monkeypatch.setattr(discover, "choices", more)
    monkeypatch.setattr(discover, "load", loaded)
    yield "halfface"


def test_figure_when_a_preset_is_new_then_it_appears_by_itself(newcomer: str) -> None:
    table = curves.targets(np.linspace(0, 180, 37))
    assert newcomer in table["preset"]
    values = table["value"][table["preset"] == newcomer].reshape(-1, 37)
    cos = np.cos(np.radians(np.linspace(0, 180, 37)))
    np.testing.assert_allclose(values[[0, -1]], [cos / 2 - 0.01, cos / 2 - 0.11], atol=1e-12)
    few = {key: c[np.isin(table["preset"], (*FEW, newcomer))] for key, c in table.items()}
    line = next(one for one in target_logit.curves(few) if one.names == ("HalfFace",))
    assert line.family == target_logit.OTHER
    texts = _texts(few)
    assert "HalfFace" in texts
    assert "|x| 10 to 110" in texts


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_write_when_repeated_then_the_same_bytes(
    table: Table, tmp_path: Path, suffix: str, start: bytes
) -> None:
    paths = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for path in paths:
        assert target_logit.write(_few(table), path) == path
    one, other = (path.read_bytes() for path in paths)
    assert one.startswith(start)
    assert one == other
    assert len(one) > 10_000


def test_write_when_suffix_is_unknown_then_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.png, \.svg, \.pdf; found '\.jpg'"):
        target_logit.write({}, tmp_path / "figure.jpg")
    assert not any(tmp_path.iterdir())


def test_draw_when_run_then_file_is_written(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "targets", lambda: _few(table))
    out = tmp_path / "figure.png"
    done = CliRunner().invoke(head.app, ["draw", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == f"Written to {out}"
    assert out.read_bytes().startswith(b"\x89PNG")


def test_figures_when_imported_then_torch_is_not() -> None:
    code = "import sys; import analysis.figures.target_logit; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _line(*points: tuple[float, float]) -> NDArray[np.float64]:
    x, y = zip(*points, strict=True)
    along = np.linspace(0, len(points) - 1, 60)
    every = np.arange(len(points))
    return np.stack([np.interp(along, every, x), np.interp(along, every, y)], axis=1)


def test_place_when_there_is_room_then_boxes_are_free_and_leaders_end_on_their_curves() -> None:
    lines = [_line((0, 250), (300, 50)), _line((0, 200), (300, 0)), _line((0, 290), (300, 200))]
    sizes = [(80.0, 20.0), (60.0, 40.0), (90.0, 15.0)]
    area = labels.Box(0, 0, 300, 300)
    found = labels.place(area, sizes, lines)
    for one, size, line in zip(found, sizes, lines, strict=True):
        assert (one.box.width, one.box.height) == size
        assert one.cost < 1e5
        assert not any(one.box.holds(other).any() for other in lines)
        assert np.abs(line - one.end).sum(axis=1).min() < 1e-9
    for one, other in itertools.combinations([place.box for place in found], 2):
        assert (
            one.right <= other.left
            or other.right <= one.left
            or one.top <= other.bottom
            or other.top <= one.bottom
        )


def test_place_when_there_is_no_room_then_every_label_has_a_place_and_a_high_cost() -> None:
    lines = [_line((0, 20), (60, 10)), _line((0, 40), (60, 30))]
    found = labels.place(labels.Box(0, 0, 60, 50), [(50.0, 30.0)] * 2, lines)
    assert len(found) == 2
    assert max(one.cost for one in found) >= 1e5
