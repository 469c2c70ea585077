"""The tests' own builder against kustomize itself, where `kubectl` is installed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cluster import places


def _sorted(documents: list[dict[str, object]]) -> list[str]:
    return sorted(json.dumps(one, sort_keys=True) for one in documents)


@pytest.mark.parametrize("folder", places.BUILT, ids=lambda path: path.name)
def test_overlay_when_built_by_kustomize_then_is_what_these_tests_check(folder: Path) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl here")
    made = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    assert _sorted(list(yaml.safe_load_all(made.stdout))) == _sorted(places.build(folder))


def test_job_when_built_then_carries_the_cluster_and_creates_none_beside_it() -> None:
    built = places.build(places.CLUSTER / "kuberay/overlays/job-volume")
    (base,) = places.documents(places.CLUSTER / "kuberay/base/raycluster.yaml")
    spec = places.ray_spec(built)
    assert [one["kind"] for one in built if one["apiVersion"] == "ray.io/v1"] == ["RayJob"]
    assert (
        spec["workerGroupSpecs"][1]["groupName"] == base["spec"]["workerGroupSpecs"][1]["groupName"]
    )
    mounts = [
        {mount["mountPath"] for mount in group["template"]["spec"]["containers"][0]["volumeMounts"]}
        for group in places.groups(spec)
    ]
    assert all("/store" in one for one in mounts) and len(mounts) == 4
