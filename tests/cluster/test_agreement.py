"""What several documents say of one thing: versions, images, secrets, ports, names of settings."""

import re
import shlex
import tomllib
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer
from packaging.requirements import Requirement

from frlib import __version__
from frlib.cli.main import app
from studies import smoke
from tests.cluster import places
from tests.cluster.commands import mlflow_cli, parsed

EVERYTHING = [one for folder in places.BUILT for one in places.build(folder)]
PROJECT = tomllib.loads((places.ROOT / "pyproject.toml").read_text())["project"]
IMAGE = f"registry.example.com/frlib:{__version__}"


def _asked() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"]
    return [
        Requirement(r) for r in (*PROJECT["dependencies"], *extras["search"], *extras["denoise"])
    ]


def test_constraints_when_pinned_then_fit_every_bound_of_the_project() -> None:
    pins = places.pins()
    for asked in _asked():
        assert asked.specifier.contains(pins[asked.name.lower()]), asked


def test_ray_version_when_named_then_is_the_pinned_one_everywhere() -> None:
    pinned = places.pins()["ray"]
    for folder in places.OVERLAYS:
        assert places.ray_spec(places.build(folder))["rayVersion"] == pinned
    (launcher,) = places.documents(places.CLUSTER / "aws.yaml")
    (ray_check, own_check) = launcher["setup_commands"]
    assert f"== '{pinned}'" in ray_check and f"== '{__version__}'" in own_check


def _images(node: Any) -> list[str]:
    keys = ("image", "head_image", "worker_image")
    return [value for path, value in places.walk(node) if path and path[-1] in keys]


def test_images_when_named_then_are_ours_of_this_version_or_pinned_by_digest() -> None:
    found = {image for one in EVERYTHING for image in _images(one)}
    found |= set(_images(places.documents(places.CLUSTER / "aws.yaml")))
    own = {image for image in found if "/frlib:" in image}
    assert own == {f"{IMAGE}-cpu", f"{IMAGE}-cuda"}
    for image in found - own:
        assert re.fullmatch(r"docker\.io/\S+:[\w.-]+@sha256:[0-9a-f]{64}", image), image


def test_images_when_a_group_has_gpus_then_and_only_then_are_of_cuda() -> None:
    for folder in places.OVERLAYS:
        for group in places.groups(places.ray_spec(places.build(folder))):
            (container,) = group["template"]["spec"]["containers"]
            gpus = "nvidia.com/gpu" in container["resources"]["limits"]
            assert container["image"] == f"{IMAGE}-{'cuda' if gpus else 'cpu'}"


def _secrets() -> set[tuple[str, str]]:
    found = set()
    for one in EVERYTHING:
        for path, value in places.walk(one):
            if path and path[-1] == "secretKeyRef":
                found.add((value["name"], value["key"]))
            elif path and path[-1] == "authOptions":
                found.add((value["secretName"], "auth_token"))
            elif path and path[-1] == "secretRef":
                found |= {
                    (value["name"], f"AWS_{key}") for key in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
                }
    return found


def test_secrets_when_referred_to_then_are_the_documented_ones() -> None:
    rows = re.findall(r"^\| `(frlib-[\w-]+)` \| (`.*?`) \|", _readme(), flags=re.MULTILINE)
    documented = {(name, key) for name, keys in rows for key in re.findall(r"`(\w+)`", keys)}
    assert _secrets() == documented


def _readme() -> str:
    return (places.CLUSTER / "README.md").read_text()


def test_tracking_uri_when_given_to_ray_then_is_the_server_and_it_takes_that_name() -> None:
    mlflow = places.build(places.CLUSTER / "mlflow")
    (server,) = places.chosen(mlflow, {"kind": "Deployment"})
    (container,) = server["spec"]["template"]["spec"]["containers"]
    told = dict(one.removeprefix("--").split("=", 1) for one in container["args"])
    for folder in places.OVERLAYS:
        (settings,) = places.chosen(places.build(folder), {"name": "frlib-settings"})
        uri = urlsplit(settings["data"]["MLFLOW_TRACKING_URI"])
        (service,) = places.chosen(mlflow, {"kind": "Service", "name": uri.hostname or ""})
        assert [p["port"] for p in service["spec"]["ports"]] == [uri.port] == [int(told["port"])]
        assert uri.netloc in told["allowed-hosts"].split(",")


def test_server_when_it_names_others_then_these_are_there_with_that_port() -> None:
    mlflow = places.build(places.CLUSTER / "mlflow")
    services = {
        s["metadata"]["name"]: s["spec"] for s in places.chosen(mlflow, {"kind": "Service"})
    }
    (server,) = places.chosen(mlflow, {"kind": "Deployment"})
    (container,) = server["spec"]["template"]["spec"]["containers"]
    told = dict(one.removeprefix("--").split("=", 1) for one in container["args"])
    given = {one["name"]: one.get("value", "") for one in container["env"]}
    for uri in (told["backend-store-uri"], given["MLFLOW_S3_ENDPOINT_URL"]):
        parts = urlsplit(uri)
        assert services[parts.hostname or ""]["ports"][0]["port"] == parts.port
    (objects,) = places.chosen(mlflow, {"kind": "StatefulSet", "name": "frlib-objects"})
    bucket = {e["name"]: e for e in objects["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert urlsplit(told["artifacts-destination"]).netloc == bucket["S3_BUCKET"]["value"]


def test_server_when_started_then_mlflows_command_line_takes_its_arguments() -> None:
    (server,) = places.chosen(places.build(places.CLUSTER / "mlflow"), {"kind": "Deployment"})
    (container,) = server["spec"]["template"]["spec"]["containers"]
    told = parsed(mlflow_cli(), [*container["command"][1:], *container["args"]])
    assert told["host"] == "0.0.0.0" and told["serve_artifacts"]


def test_redis_when_named_by_the_head_then_is_the_service_and_the_same_secret() -> None:
    for folder in [f for f in places.OVERLAYS if f.name.startswith("cluster")]:
        built = places.build(folder)
        options = places.ray_spec(built)["gcsFaultToleranceOptions"]
        address = urlsplit(options["redisAddress"])
        (service,) = places.chosen(built, {"kind": "Service", "name": address.hostname or ""})
        assert service["spec"]["ports"][0]["port"] == address.port
        (redis,) = places.chosen(built, {"kind": "StatefulSet"})
        (container,) = redis["spec"]["template"]["spec"]["containers"]
        assert options["redisPassword"]["valueFrom"] == container["env"][0]["valueFrom"]


def test_store_when_an_overlay_is_built_then_is_named_and_there() -> None:
    for folder in places.OVERLAYS:
        built = places.build(folder)
        (settings,) = places.chosen(built, {"name": "frlib-settings"})
        store = settings["data"]["FRLIB_STORE"]
        claims = {
            c["metadata"]["name"] for c in places.chosen(built, {"kind": "PersistentVolumeClaim"})
        }
        for group in places.groups(places.ray_spec(built)):
            pod = group["template"]["spec"]
            mounts = [m["mountPath"] for m in pod["containers"][0]["volumeMounts"]]
            used = {
                v["persistentVolumeClaim"]["claimName"]
                for v in pod["volumes"]
                if len(v) == 2 and "persistentVolumeClaim" in v
            }
            assert used == claims
            assert (store in mounts) != store.startswith("s3://")


def test_job_when_it_starts_then_its_entry_point_is_a_command_of_ours() -> None:
    command = typer.main.get_command(app)
    for folder in [f for f in places.OVERLAYS if f.name.startswith("job")]:
        (job,) = places.chosen(places.build(folder), {"kind": "RayJob"})
        program, *arguments = shlex.split(job["spec"]["entrypoint"])
        assert program == "frlib"
        assert parsed(command, arguments)["name"] == smoke.__name__.rpartition(".")[2]


def test_settings_when_they_are_ours_then_frlib_reads_them() -> None:
    read = "\n".join(path.read_text() for path in (places.ROOT / "frlib").rglob("*.py"))
    texts = [
        path.read_text()
        for path in places.CLUSTER.rglob("*")
        if path.is_file() and path.suffix in (".yaml", ".md", "")
    ]
    named = {name for text in texts for name in re.findall(r"\bFRLIB_[A-Z]+\b", text)}
    assert {"FRLIB_STORE", "FRLIB_WORK"} <= named
    assert all(f'"{name}"' in read for name in named), named


@pytest.mark.parametrize("name", ["aws.yaml", "kuberay/base/raycluster.yaml"])
def test_head_when_it_has_slots_then_says_so_in_every_place(name: str) -> None:
    text = (places.CLUSTER / name).read_text()
    assert set(re.findall(r'trial_slot"?: "?(\d+)', text)) == {"64"}
    assert "`trial_slot`" in _readme() and "There are 64 slots" in _readme()
