"""The launcher's file through Ray's own schema, preparation and provider, AWS played by moto."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.scripts.scripts import cli as ray_cli

from tests.cluster import places
from tests.cluster.commands import mlflow_cli, parsed, words


@pytest.fixture
def asked() -> dict[str, Any]:
    """The file as it is."""
    (found,) = places.documents(places.CLUSTER / "aws.yaml")
    return dict(found)


def test_file_when_prepared_then_passes_rays_schema(asked: dict[str, Any]) -> None:
    validate_config(prepare_config(asked))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"max_worker": 3}, "max_worker"),
        ({"max_workers": "18"}, "is not of type 'integer'"),
        ({"head_node_type": "gpu"}, "head_node_type"),
        ({"auth": {"ssh_users": "ubuntu"}}, "ssh_users"),
        ({"docker": {"image": "x", "container_name": "y", "tag": "z"}}, "tag"),
    ],
)
def test_file_when_wrong_then_rays_schema_refuses(
    asked: dict[str, Any], change: dict[str, Any], told: str
) -> None:
    with pytest.raises(Exception, match=told):
        validate_config(prepare_config({**asked, **change}))


def test_machines_when_listed_then_head_is_on_demand_and_gpus_on_spot(
    asked: dict[str, Any],
) -> None:
    types = asked["available_node_types"]
    assert asked["head_node_type"] == "head"
    assert types["head"]["resources"] == {"CPU": 0, "trial_slot": 64}
    spot = {n for n, one in types.items() if "InstanceMarketOptions" in one["node_config"]}
    assert spot == {n for n, one in types.items() if one["resources"].get("GPU")} == {"gpu-spot"}
    assert sum(one["max_workers"] for one in types.values()) == asked["max_workers"]
    for one in types.values():
        assert one["node_config"]["MetadataOptions"] == {"HttpTokens": "required"}
        assert one["node_config"]["IamInstanceProfile"]["Name"] in ("frlib-head", "frlib-worker")


def test_commands_when_run_then_ray_and_mlflow_take_them(asked: dict[str, Any]) -> None:
    head = [words(line) for line in asked["head_start_ray_commands"]]
    assert [one[0] for one in head] == ["ray", "ray", "mlflow"]
    told = parsed(ray_cli, head[1][1:])
    assert told["head"] and told["num_cpus"] == 0 and told["resources"] == '{"trial_slot": 64}'
    assert told["dashboard_host"] == "127.0.0.1"
    worker = [words(line) for line in asked["worker_start_ray_commands"]]
    assert parsed(ray_cli, worker[1][1:])["address"] == f"$RAY_HEAD_IP:{told['port']}"
    assert worker[2] == ["python", "-m", "cluster.spot_notice"]
    assert parsed(mlflow_cli(), head[2][1:])["host"] == "127.0.0.1"
    options = " ".join(asked["docker"]["run_options"])
    assert (
        f"MLFLOW_TRACKING_URI=http://127.0.0.1:{parsed(mlflow_cli(), head[2][1:])['port']}"
        in options
    )


def test_options_when_passed_to_docker_then_hold_no_key_and_the_token_is_a_mounted_file(
    asked: dict[str, Any],
) -> None:
    options = " ".join(asked["docker"]["run_options"])
    assert not re.search(r"ACCESS_KEY|PASSWORD|AUTH_TOKEN=", options)
    (path,) = re.findall(r"RAY_AUTH_TOKEN_PATH=(\S+)", options)
    assert str(Path(path).parent) in asked["file_mounts"] and "RAY_AUTH_MODE=token" in options


def test_ssh_when_opened_then_not_to_the_world(asked: dict[str, Any]) -> None:
    rules = asked["provider"]["security_group"]["IpPermissions"]
    assert [(rule["FromPort"], rule["ToPort"]) for rule in rules] == [(22, 22)]
    assert "0.0.0.0/0" not in str(rules)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """AWS as moto plays it, and a home folder for the key pair that Ray makes."""
    moto = pytest.importorskip("moto")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "played")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    with moto.mock_aws():
        import boto3

        for profile in ("frlib-head", "frlib-worker"):
            boto3.client("iam").create_instance_profile(InstanceProfileName=profile)
        yield boto3.client("ec2")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_machines_when_launched_by_rays_provider_then_aws_takes_every_request(
    asked: dict[str, Any], aws: Any
) -> None:
    from ray.autoscaler._private.aws.config import bootstrap_aws
    from ray.autoscaler._private.aws.node_provider import AWSNodeProvider

    made = bootstrap_aws(prepare_config(asked))
    provider = AWSNodeProvider(made["provider"], made["cluster_name"])
    for name, one in made["available_node_types"].items():
        provider.create_node(one["node_config"], {"ray-user-node-type": name}, 1)
    machines = [i for r in aws.describe_instances()["Reservations"] for i in r["Instances"]]
    tag = {i["InstanceId"]: {t["Key"]: t["Value"] for t in i["Tags"]} for i in machines}
    found = {tag[i["InstanceId"]]["ray-user-node-type"]: i for i in machines}
    assert found.keys() == asked["available_node_types"].keys()
    assert [n for n, i in found.items() if i.get("InstanceLifecycle") == "spot"] == ["gpu-spot"]
    assert {i["IamInstanceProfile"]["Arn"].rpartition("/")[2] for i in machines} == {
        "frlib-head",
        "frlib-worker",
    }
