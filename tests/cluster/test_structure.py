"""Every Kubernetes document against the published structure of its kind, and that this can fail."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import places, structure

KINDS = structure.by_kind()
REGENERATE = "make the structures anew: python -m tests.cluster.structure (see its docstring)"


def _document(kind: str) -> dict[str, Any]:
    return places.build(_folder(kind))[_index(kind)]


def _folder(kind: str) -> Path:
    return next(f for f in places.BUILT if any(d["kind"] == kind for d in places.build(f)))


def _index(kind: str) -> int:
    return next(i for i, d in enumerate(places.build(_folder(kind))) if d["kind"] == kind)


@pytest.mark.parametrize("folder", places.BUILT, ids=lambda path: path.name)
def test_documents_when_built_then_fit_the_published_structure(folder: Path) -> None:
    for one in places.build(folder):
        assert structure.complaints(one) == [], one["metadata"]["name"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_structure_when_a_document_uses_a_field_then_has_its_type(kind: str) -> None:
    schema = json.loads(structure.path_of({"kind": kind}).read_text())
    for one in KINDS[kind]:
        assert structure.known(schema, one), f"{kind}: {REGENERATE}"


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.skipif(
    not {structure.KUBERAY, structure.KUBERNETES} <= os.environ.keys(),
    reason="FRLIB_KUBERAY and FRLIB_KUBERNETES name no published schemas",
)
def test_structure_when_made_from_the_published_schemas_then_is_what_is_kept(kind: str) -> None:
    kept = structure.path_of({"kind": kind}).read_text()
    assert structure.made_anew(kind, KINDS[kind]) == kept, REGENERATE


WRONG = [
    ("RayCluster", "spec.rayVersions", "2.60.0", "rayVersions"),
    ("RayCluster", "spec.autoscalerOptions.version", "v3", "v3"),
    ("RayCluster", "spec.autoscalerOptions.idleTimeoutSeconds", "300", "integer"),
    ("RayCluster", "spec.authOptions.mode", "on", "on"),
    ("RayCluster", "spec.gcsFaultToleranceOptions.backend", "etcd", "etcd"),
    ("RayCluster", "spec.headGroupSpec.template", None, "required"),
    ("RayCluster", "spec.workerGroupSpecs.0.replicas", "0", "integer"),
    ("RayCluster", "spec.workerGroupSpecs.1.prio", 10, "prio"),
    ("RayCluster", "spec.headGroupSpec.template.spec.nodeName_", "x", "nodeName_"),
    ("RayCluster", "spec.headGroupSpec.template.spec.containers.0.name", None, "required"),
    (
        "RayCluster",
        "spec.headGroupSpec.template.spec.containers.0.resources.limits.cpu",
        "4 cores",
        "4 cores",
    ),
    ("RayJob", "spec.entryPoint", "frlib", "entryPoint"),
    ("RayJob", "spec.backoffLimit", "3", "integer"),
    ("RayJob", "spec.rayClusterSpec.authOptions.mode", "on", "rayClusterSpec"),
    ("Deployment", "spec.selector", None, "required"),
    ("Deployment", "spec.template.spec.containers.0.livenessProbe.httpget", {}, "httpget"),
    ("StatefulSet", "spec.replicas", "1", "integer"),
    ("StatefulSet", "apiVersion", "apps/v1beta1", "v1beta1"),
    ("Service", "spec.ports.0.port", None, "required"),
    ("NetworkPolicy", "spec.ingress.0.sources", [], "sources"),
    ("PersistentVolumeClaim", "spec.accessModes", "ReadWriteMany", "array"),
    ("ConfigMap", "data.RAY_USAGE_STATS_ENABLED", 0, "string"),
    ("ServiceAccount", "automountServiceAccountToken", "no", "boolean"),
]


@pytest.mark.parametrize(("kind", "path", "value", "told"), WRONG, ids=[w[1] for w in WRONG])
def test_document_when_a_field_is_wrong_then_is_refused(
    kind: str, path: str, value: Any, told: str
) -> None:
    document = _document(kind)
    *way, last = path.split(".")
    node: Any = document
    for key in way:
        node = node[int(key)] if isinstance(node, list) else node[key]
    if value is None:
        del node[last]
    else:
        node[last] = value
    assert any(told in one for one in structure.complaints(document))
