"""The documents under `cluster/`, read and, where kustomize makes them, built."""

import functools
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CLUSTER = ROOT / "cluster"
OVERLAYS = sorted(path.parent for path in CLUSTER.glob("kuberay/overlays/*/kustomization.yaml"))
BUILT = (*OVERLAYS, CLUSTER / "mlflow")
_LOCAL = "config.kubernetes.io/local-config"


def documents(path: Path) -> list[Any]:
    """Those of a YAML file; what an anchor names is a value of its own at every place."""
    return [json.loads(json.dumps(one)) for one in yaml.safe_load_all(path.read_text())]


@functools.cache
def _build(folder: Path) -> list[dict[str, Any]]:
    built: list[dict[str, Any]] = []
    _apply(folder, built)
    return [one for one in built if _LOCAL not in one["metadata"].get("annotations", {})]


def build(folder: Path) -> list[dict[str, Any]]:
    """What `kubectl kustomize` makes of the folder, of the few things that ours ask of it.

    Resources, components, patches by JSON pointer, replacements of whole fields, local documents.
    """
    return deepcopy(_build(folder))


def _apply(folder: Path, built: list[dict[str, Any]]) -> None:
    (asked,) = documents(folder / "kustomization.yaml")
    known = {"apiVersion", "kind", "resources", "components", "patches", "replacements"}
    assert asked.keys() <= known, f"{folder}: this builder knows no {asked.keys() - known}"
    for name in asked.get("resources", ()):
        if (folder / name).is_dir():
            _apply(folder / name, built)
        else:
            built.extend(documents(folder / name))
    for name in asked.get("components", ()):
        _apply(folder / name, built)
    for patch in asked.get("patches", ()):
        for target in chosen(built, patch["target"]):
            for step in yaml.safe_load(patch["patch"]):
                _patch(target, step)
    for replacement in asked.get("replacements", ()):
        source = dict(replacement["source"])
        (found,) = at(source.pop("fieldPath"), *chosen(built, source))
        for target in replacement["targets"]:
            for one in chosen(built, target["select"]):
                for path in target["fieldPaths"]:
                    *way, last = path.split(".")
                    functools.reduce(lambda node, key: node[key], way, one)[last] = deepcopy(found)


def _patch(target: dict[str, Any], step: dict[str, Any]) -> None:
    *way, last = step["path"].strip("/").split("/")
    node: Any = target
    for key in way:
        node = node[int(key)] if isinstance(node, list) else node[key]
    value = deepcopy(step["value"])
    if isinstance(node, list):
        assert (step["op"], last) == ("add", "-"), step
        node.append(value)
    else:
        assert (step["op"] == "replace") == (last in node), step
        node[last] = value


def chosen(built: list[dict[str, Any]], wanted: dict[str, str]) -> list[dict[str, Any]]:
    """Documents of that group, kind and name, as far as these are given."""

    def fits(one: dict[str, Any]) -> bool:
        has = {
            "group": one["apiVersion"].rpartition("/")[0],
            "kind": one["kind"],
            "name": one["metadata"]["name"],
        }
        return all(has[key] == value for key, value in wanted.items())

    return [one for one in built if fits(one)]


def at(path: str, *documents: dict[str, Any]) -> list[Any]:
    """The value at `a.b.c` of each."""
    return [functools.reduce(lambda node, key: node[key], path.split("."), d) for d in documents]


def walk(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path, value) of everything in a document, itself first."""
    yield path, node
    if isinstance(node, (dict, list)):
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in items:
            yield from walk(value, (*path, str(key)))


def ray_spec(built: list[dict[str, Any]]) -> dict[str, Any]:
    """The RayCluster's spec, of a RayJob the one of its cluster."""
    (one,) = [d for d in built if d["apiVersion"] == "ray.io/v1"]
    spec: dict[str, Any] = one["spec"].get("rayClusterSpec", one["spec"])
    return spec


def groups(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """The head's group, then the workers'."""
    return [spec["headGroupSpec"], *spec["workerGroupSpecs"]]


def templates(built: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every pod template of the documents."""
    return [
        value
        for one in built
        for path, value in walk(one)
        if path and path[-1] in ("template", "submitterPodTemplate") and "spec" in value
    ]


def pins() -> dict[str, str]:
    """Versions of `constraints.txt` by the packages' names, normalised."""
    lines = (CLUSTER / "constraints.txt").read_text().splitlines()
    pinned = [line.partition("==") for line in lines if not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, _, version in pinned}
