"""Import direction: walks the syntax trees and holds the drawing of the house.

cli ─► everything (also analysis and studies, by name)
bench ─► launch, study, records, heads, train, data, schedules, metrics, denoise, cleaning,
         compat, evaluate, track
testing ─► heads, parallel
launch ─► doctor, rayrun, stages, artifacts, train, study, data, records, track, export, remote
stages ─► train, records, cleaning, denoise, compat, data, heads, parallel, evaluate
rayrun ─► stages, artifacts, train, study, records, parallel, evaluate, data, pruning, samplers,
          remote
export ─► backbones, data, evaluate, records
doctor ─► data   remote ─► data (storage)
study  ─► train.config, data (to name and digest it), records (to know what is done), stats,
          pruning, samplers (to know what they ask for)
train  ─► heads, backbones, optimisers, schedules, compat, parallel, data, denoise, cleaning,
          evaluate, metrics, records, artifacts
compat ─► heads, parallel
denoise ─► cleaning, data   cleaning ─► data, metrics
evaluate ─► metrics, data, stats, backbones   backbones ─► parallel
track ─► records
analysis ─► records, stats, metrics   studies ─► study, train.config and the parts they name
everything ─► core
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "core": set(),
    "artifacts": set(),
    "records": set(),
    "stats": set(),
    "metrics": set(),
    "parallel": set(),
    "schedules": set(),
    "backbones": {"parallel"},
    "optimisers": set(),
    "pruning": set(),
    "samplers": set(),
    "heads": {"parallel"},
    "compat": {"heads", "parallel"},
    "testing": {"heads", "parallel"},
    "bench": {
        "heads",
        "train",
        "data",
        "schedules",
        "metrics",
        "launch",
        "study",
        "records",
        "denoise",
        "cleaning",
        "compat",
        "evaluate",
        "track",
        "analysis",
    },
    "data": set(),
    "cleaning": {"data", "metrics"},
    "denoise": {"cleaning", "data"},
    "evaluate": {"metrics", "data", "stats", "backbones"},
    "train": {
        "heads",
        "backbones",
        "optimisers",
        "schedules",
        "compat",
        "data",
        "parallel",
        "denoise",
        "cleaning",
        "evaluate",
        "metrics",
        "records",
        "artifacts",
    },
    "track": {"records"},
    "doctor": {"data"},
    "remote": {"data"},
    "export": {"backbones", "data", "evaluate", "records"},
    "stages": {
        "train",
        "records",
        "cleaning",
        "denoise",
        "compat",
        "data",
        "heads",
        "parallel",
        "evaluate",
    },
    "study": {"train", "data", "records", "stats", "pruning", "samplers"},
    "rayrun": {
        "stages",
        "artifacts",
        "train",
        "study",
        "records",
        "parallel",
        "evaluate",
        "data",
        "pruning",
        "samplers",
        "remote",
    },
    "launch": {
        "doctor",
        "rayrun",
        "stages",
        "artifacts",
        "train",
        "study",
        "data",
        "records",
        "track",
        "export",
        "remote",
    },
    "cli": {
        "artifacts",
        "doctor",
        "launch",
        "train",
        "study",
        "records",
        "track",
        "data",
        "evaluate",
        "heads",
        "bench",
        "cleaning",
        "denoise",
        "compat",
        "stages",
        "export",
        "analysis",
        "cluster",
        "remote",
    },
    "analysis": {"records", "stats", "metrics"},
    "studies": {
        "study",
        "train",
        "data",
        "heads",
        "backbones",
        "optimisers",
        "schedules",
        "pruning",
        "samplers",
        "stages",
        "denoise",
        "compat",
    },
    "cluster": {"launch", "study"},
}
ONLY_IN = {
    "ray": ("frlib/rayrun/", "cluster/"),
    "optuna": ("frlib/rayrun/", "frlib/samplers/"),
    "mlflow": ("frlib/track/mlflow.py",),
    "matplotlib": ("analysis/figures/",),
    "onnx": ("frlib/evaluate/models/onnx.py", "frlib/export/"),
    "onnxruntime": ("frlib/evaluate/models/onnx.py", "frlib/export/"),
}
NO_TORCH = (
    "core",
    "artifacts",
    "records",
    "stats",
    "study",
    "analysis",
    "studies",
    "cli",
    "launch",
    "pruning",
    "cleaning",
    "denoise",
    "remote",
)


def _files() -> list[Path]:
    return sorted(
        p for top in ("frlib", "analysis", "studies", "cluster") for p in (ROOT / top).rglob("*.py")
    )


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _room(dotted: str) -> str:
    parts = dotted.split(".")
    return parts[1] if parts[0] == "frlib" and len(parts) > 1 else parts[0]


@pytest.mark.parametrize("path", _files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_when_walked_then_point_one_way(path: Path) -> None:
    here = path.relative_to(ROOT).as_posix()
    room = _room(here.removesuffix(".py").replace("/", "."))
    for name in _imported(path):
        top = name.split(".")[0]
        if top in ("frlib", "analysis", "studies", "cluster"):
            target = _room(name)
            known = target in ALLOWED
            assert not known or room not in ALLOWED or target in ALLOWED[room] | {room, "core"}, (
                f"{here} imports {name}: {room} may not import {target}"
            )
        if top in ONLY_IN:
            assert here.startswith(ONLY_IN[top]), f"{here} imports {name}"
        if top == "torch":
            assert room not in NO_TORCH, f"{here} imports torch"
        if name.startswith("frlib.train."):
            assert room != "study" or name.startswith("frlib.train.config"), f"{here}: {name}"


def test_drawing_when_compared_with_the_folders_then_names_every_room() -> None:
    rooms = {p.name for p in (ROOT / "frlib").iterdir() if (p / "__init__.py").exists()}
    assert rooms == set(ALLOWED) - {"analysis", "studies", "cluster"}


def test_parts_when_they_are_choices_then_do_not_import_each_other() -> None:
    for package in (
        "frlib/heads/presets",
        "frlib/backbones",
        "frlib/schedules",
        "frlib/pruning",
        "frlib/data/sources",
        "frlib/data/noise",
        "frlib/data/sinks",
        "frlib/evaluate/models",
        "frlib/evaluate/protocols",
        "frlib/stages",
        "frlib/denoise",
    ):
        names = {p.stem for p in (ROOT / package).glob("[!_]*.py")}
        dotted = package.replace("/", ".")
        for path in (ROOT / package).glob("[!_]*.py"):
            others = {f"{dotted}.{name}" for name in names - {path.stem}}
            crossed = {
                i for i in _imported(path) if any(i == o or i.startswith(o + ".") for o in others)
            }
            assert not crossed, f"{path.name} imports {crossed}"
