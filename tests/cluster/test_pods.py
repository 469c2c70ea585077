"""What every pod keeps to: no root, what it asks for, time to stop, and who may reach it."""

import re
from pathlib import Path
from typing import Any

import pytest
from ray.scripts.scripts import cli as ray_cli

from tests.cluster import places
from tests.cluster.commands import parsed, words

EVERYTHING = [one for folder in places.BUILT for one in places.build(folder)]


@pytest.mark.parametrize("folder", places.BUILT, ids=lambda path: path.name)
def test_pods_when_started_then_have_no_root_and_no_privileges(folder: Path) -> None:
    templates = places.templates(places.build(folder))
    assert templates
    for template in templates:
        pod = template["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not pod.get("hostNetwork") and not pod.get("hostPID") and not pod.get("hostIPC")
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("folder", places.BUILT, ids=lambda path: path.name)
def test_containers_when_they_ask_then_memory_and_gpus_are_what_they_get(folder: Path) -> None:
    for template in places.templates(places.build(folder)):
        for container in template["spec"]["containers"]:
            requests, limits = container["resources"]["requests"], container["resources"]["limits"]
            assert requests["memory"] == limits["memory"]
            assert requests.get("nvidia.com/gpu") == limits.get("nvidia.com/gpu")


@pytest.mark.parametrize("folder", places.OVERLAYS, ids=lambda path: path.name)
def test_ray_pods_when_started_then_share_memory_and_the_settings(folder: Path) -> None:
    for group in places.groups(places.ray_spec(places.build(folder))):
        pod = group["template"]["spec"]
        (container,) = pod["containers"]
        mounts = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
        volumes = {one["name"]: one for one in pod["volumes"]}
        assert mounts.keys() >= {"/dev/shm", "/tmp/ray", "/scratch"}
        assert set(mounts.values()) == volumes.keys()
        assert volumes[mounts["/dev/shm"]]["emptyDir"]["medium"] == "Memory"
        assert {"configMapRef": {"name": "frlib-settings"}} in container["envFrom"]


@pytest.mark.parametrize("folder", places.OVERLAYS, ids=lambda path: path.name)
def test_worker_when_its_pod_ends_then_is_drained_with_time_for_a_checkpoint(folder: Path) -> None:
    for group in places.ray_spec(places.build(folder))["workerGroupSpecs"]:
        pod = group["template"]["spec"]
        hook = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
        assert hook[:2] == ["/bin/bash", "-c"]
        drain, wait, stop = re.split(" && |; ", hook[2])
        told = parsed(ray_cli, words(drain)[1:])
        seconds = told["deadline_remaining_seconds"]
        assert told["reason"] == "DRAIN_NODE_REASON_PREEMPTION" and told["node_id"] is None
        assert wait == f"sleep {seconds}" and seconds >= 30
        stopping = parsed(ray_cli, words(stop)[1:])["grace_period"]
        assert pod["terminationGracePeriodSeconds"] >= seconds + stopping + 30


def test_gpu_groups_when_scheduled_then_tolerate_what_gpu_nodes_carry() -> None:
    for group in places.ray_spec(places.build(places.OVERLAYS[0]))["workerGroupSpecs"]:
        pod = group["template"]["spec"]
        wants = "nvidia.com/gpu" in pod["containers"][0]["resources"]["limits"]
        tolerated = {one["key"] for one in pod.get("tolerations", ())}
        assert wants == ("nvidia.com/gpu" in tolerated)
        assert ("spot" in group["groupName"]) == ("cloud.google.com/gke-spot" in tolerated)
        assert ("spot" in group["groupName"]) == ("affinity" in pod)


def _labels() -> list[dict[str, str]]:
    return [template["metadata"]["labels"] for template in places.templates(EVERYTHING)]


def _selects(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return selector.items() <= labels.items()


def test_services_when_they_select_then_find_pods_and_ports_of_that_name() -> None:
    services = places.chosen(EVERYTHING, {"kind": "Service"})
    assert services
    for service in services:
        assert service["spec"]["type"] == "ClusterIP"
        found = [
            template
            for template in places.templates(EVERYTHING)
            if _selects(service["spec"]["selector"], template["metadata"]["labels"])
        ]
        assert found, service["metadata"]["name"]
        named = {
            (port["name"], port["containerPort"])
            for template in found
            for container in template["spec"]["containers"]
            for port in container["ports"]
        }
        assert {(p["targetPort"], p["port"]) for p in service["spec"]["ports"]} <= named


def test_policies_when_they_name_pods_then_these_exist_and_every_service_has_one() -> None:
    policies = places.chosen(EVERYTHING, {"kind": "NetworkPolicy"})
    kuberays = (
        {"app.kubernetes.io/name": "kuberay-operator"},
        {"ray.io/originated-from-crd": "RayJob"},
    )
    for policy in policies:
        selectors = [
            value for path, value in places.walk(policy) if path and path[-1] == "matchLabels"
        ]
        for selector in selectors:
            known = selector in kuberays or any(_selects(selector, one) for one in _labels())
            assert known, (policy["metadata"]["name"], selector)
    guarded = [policy["spec"]["podSelector"]["matchLabels"] for policy in policies]
    for labels in _labels():
        submits = labels == {"app.kubernetes.io/part-of": "frlib"}
        assert submits or any(_selects(one, labels) for one in guarded), labels


def test_policies_when_they_open_a_port_then_the_service_behind_it_has_it() -> None:
    for policy in places.chosen(EVERYTHING, {"kind": "NetworkPolicy"}):
        name = policy["metadata"]["name"]
        services = places.chosen(EVERYTHING, {"kind": "Service", "name": name})
        opened = {p["port"] for rule in policy["spec"]["ingress"] for p in rule.get("ports", ())}
        assert opened == ({p["port"] for p in services[0]["spec"]["ports"]} if services else {8265})


PASSWORD = re.compile(r"password|secret|token|_key$|credential", re.IGNORECASE)


def _literal(path: tuple[str, ...], value: Any) -> bool:
    """A password written down: an environment variable's value, a ConfigMap's, or in a URI."""
    if isinstance(value, str) and re.search(r"://[^/@\s]+:[^/@\s]+@", value):
        return True
    if isinstance(value, dict) and "value" in value and PASSWORD.search(str(value.get("name", ""))):
        return True
    return path[:1] == ("data",) and len(path) == 2 and bool(PASSWORD.search(path[1]))


def test_documents_when_read_then_hold_no_password() -> None:
    for one in EVERYTHING:
        assert one["kind"] != "Secret"
        assert not [path for path, value in places.walk(one) if _literal(path, value)]
    assert _literal(("env", "0"), {"name": "PGPASSWORD", "value": "x"})
    assert _literal(("data", "AWS_SECRET_ACCESS_KEY"), "x")
    assert _literal(("args", "0"), "--backend-store-uri=postgresql://mlflow:x@host/mlflow")
