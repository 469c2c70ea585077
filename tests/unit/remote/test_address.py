from pathlib import Path

import pytest

from frlib.core.errors import ConfigError
from frlib.remote import address

QUERY = "scheme=http&endpoint_override=127.0.0.1:9000"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("s3://bucket", "s3://bucket"),
        (f"s3://bucket/a?{QUERY}", "s3://bucket/a?endpoint_override=127.0.0.1:9000&scheme=http"),
        ("hdfs://node:8020/a?user=me", "hdfs://node:8020/a?user=me"),
    ],
)
def test_normal_when_a_uri_is_written_in_two_ways_then_it_is_one(given: str, expected: str) -> None:
    assert address.normal(given) == expected
    assert address.normal(expected) == expected


@pytest.mark.parametrize(
    "uri",
    [
        "s3://AKIA:canary-5e1f@bucket/a",
        "s3://bucket/a?secret_key=canary-5e1f",
        "s3://bucket/a?session_token=canary-5e1f&region=eu-west-1",
        "hdfs://me:canary-5e1f@node/a",
    ],
)
def test_normal_when_a_secret_is_in_the_uri_then_it_is_refused_and_not_told(uri: str) -> None:
    with pytest.raises(ConfigError, match="AWS_SECRET_ACCESS_KEY") as raised:
        address.normal(uri)
    assert "canary-5e1f" not in str(raised.value)


def test_normal_when_there_is_no_bucket_then_it_is_refused() -> None:
    with pytest.raises(ConfigError, match="no bucket"):
        address.normal("s3:///folder")


def test_folder_when_a_home_of_working_copies_is_set_then_it_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRLIB_WORK", str(tmp_path))
    one, other = address.folder("s3://a/b"), address.folder("s3://a/c")
    assert one.parent == tmp_path.resolve() and one != other and len(one.name) == 16


def test_is_uri_when_a_store_is_a_folder_then_it_is_none() -> None:
    assert address.is_uri("s3://a/b")
    assert not address.is_uri("frlib-store") and not address.is_uri("file:///a/b")
    assert address.plain("file:///a%20b") == Path("/a b")
    with pytest.raises(ConfigError, match="absolute path"):
        address.plain("file://a/b")
