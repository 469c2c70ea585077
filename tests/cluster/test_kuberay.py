"""What KubeRay 1.7 and Ray's autoscaler ask of a RayCluster beyond the structure of its fields."""

from pathlib import Path
from typing import Any

import pytest
from ray.autoscaler._private.kuberay import autoscaling_config
from ray.scripts.scripts import start

from tests.cluster import places


@pytest.fixture(params=places.OVERLAYS, ids=lambda path: path.name)
def spec(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The cluster of every overlay."""
    folder: Path = request.param
    return places.ray_spec(places.build(folder))


def _node_types(spec: dict[str, Any]) -> dict[str, Any]:
    cluster = {"metadata": {"name": "frlib", "namespace": "frlib"}, "spec": spec}
    derived = autoscaling_config._derive_autoscaling_config_from_ray_cr(cluster)
    types: dict[str, Any] = derived["available_node_types"]
    return types


def test_cluster_when_read_by_rays_autoscaler_then_is_what_was_meant(spec: dict[str, Any]) -> None:
    types = _node_types(spec)
    resources = {name: one["resources"] for name, one in types.items()}
    assert resources["headgroup"]["CPU"] == 0
    assert resources["headgroup"]["trial_slot"] == 64
    assert {name: one.get("GPU", 0) for name, one in resources.items()} == {
        "headgroup": 0,
        "cpu": 0,
        "gpu-spot": 1,
        "gpu": 1,
    }
    assert all(resources[name]["memory"] == 20 * 1024**3 for name in ("cpu", "gpu-spot", "gpu"))
    assert all(
        one["min_workers"] == 0 and one["max_workers"] > 0 for one in list(types.values())[1:]
    )
    assert types["gpu-spot"]["priority"] > types["gpu"]["priority"]


def test_memory_when_given_to_runs_then_leaves_room_for_objects(
    spec: dict[str, Any],
) -> None:
    for group in places.groups(spec):
        pod = group["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
        volumes = group["template"]["spec"]["volumes"]
        (shared,) = [v["emptyDir"] for v in volumes if v["name"] == "shm"]
        given = group.get("resources", {}).get("memory", "0Gi")
        assert _gib(given) + _gib(shared["sizeLimit"]) < _gib(pod)


def _gib(quantity: str) -> int:
    return int(quantity.removesuffix("Gi"))


def test_start_parameters_when_given_then_are_options_of_ray_start(spec: dict[str, Any]) -> None:
    options = {option.removeprefix("--") for one in start.params for option in one.opts}
    for group in places.groups(spec):
        assert set(group["rayStartParams"]) <= options
        taken = {"num-cpus", "num-gpus", "memory", "resources"} & set(group["rayStartParams"])
        assert not (taken and group.get("resources")), "KubeRay refuses resources in both places"


def test_autoscaler_when_v2_then_pods_are_not_restarted_in_place(spec: dict[str, Any]) -> None:
    assert spec["enableInTreeAutoscaling"] and spec["autoscalerOptions"]["version"] == "v2"
    for group in places.groups(spec):
        assert group["template"]["spec"].get("restartPolicy", "Never") == "Never"


def test_groups_when_listed_then_bounds_hold(spec: dict[str, Any]) -> None:
    names = [group["groupName"] for group in spec["workerGroupSpecs"]]
    assert len(set(names)) == len(names)
    for group in spec["workerGroupSpecs"]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]


def test_head_state_when_in_redis_then_by_its_options_alone() -> None:
    for folder in places.OVERLAYS:
        spec = places.ray_spec(places.build(folder))
        names = {
            e["name"]
            for e in spec["headGroupSpec"]["template"]["spec"]["containers"][0].get("env", ())
        }
        assert not names & {"REDIS_PASSWORD", "REDIS_USERNAME", "RAY_REDIS_ADDRESS"}
        assert "redis-password" not in spec["headGroupSpec"]["rayStartParams"]
        options = spec.get("gcsFaultToleranceOptions")
        assert (options is not None) == folder.name.startswith("cluster")
        assert options is None or "storage" not in options


def test_job_when_read_then_keeps_kuberays_rules() -> None:
    for folder in [f for f in places.OVERLAYS if f.name.startswith("job")]:
        (job,) = places.chosen(places.build(folder), {"kind": "RayJob"})
        asked = job["spec"]
        assert "clusterSelector" not in asked and asked["shutdownAfterJobFinishes"]
        assert asked["submissionMode"] == "K8sJobMode"
        assert asked["submitterPodTemplate"]["spec"]["restartPolicy"] == "Never"
        assert len(job["metadata"]["name"]) <= 47
