"""The doctor's token in a store at a URI: a real S3 server on this machine."""

import json
from pathlib import Path

import pytest

from tests.integration.command import frlib
from tests.integration.s3 import KEYS, served

pytest.importorskip("moto.server")
pytestmark = pytest.mark.slow


def test_doctor_when_the_store_is_a_uri_then_it_is_written_read_and_left_clean(
    tmp_path: Path,
) -> None:
    with served(tmp_path) as server:
        there = ("cluster", "doctor", "--json", "--store", server.uri("frlib"))
        found = frlib(*there, **KEYS)
        without = frlib(*there, **(KEYS | {"AWS_SECRET_ACCESS_KEY": ""}))
        left = server.keys("frlib")
    assert found.returncode == 0, found.stdout + found.stderr
    facts = json.loads(found.stdout)["here"]["store"]
    assert facts["token"] and facts["read"] == [facts["token"]]
    assert left == []
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in found.stdout + found.stderr + without.stdout
