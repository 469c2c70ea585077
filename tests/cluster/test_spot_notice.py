"""The watcher of spot machines against a server that answers as AWS's metadata service does."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import pytest
from ray.scripts.scripts import cli as ray_cli

from cluster import spot_notice
from tests.cluster.commands import parsed

TOKEN = "a-token"


class _Metadata(BaseHTTPRequestHandler):
    """A notice from the third question on."""

    asked = 0
    after = 3
    when = ""

    def do_PUT(self) -> None:
        assert int(self.headers["X-aws-ec2-metadata-token-ttl-seconds"]) > 0
        self._answer(200, TOKEN)

    def do_GET(self) -> None:
        if self.headers["X-aws-ec2-metadata-token"] != TOKEN:
            self._answer(401, "")
            return
        assert self.path == "/latest/meta-data/spot/instance-action"
        type(self).asked += 1
        if self.asked < self.after:
            self._answer(404, "")
        else:
            self._answer(200, json.dumps({"action": "terminate", "time": self.when}))

    def _answer(self, code: int, text: str) -> None:
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def metadata() -> Iterator[str]:
    """Its address."""
    in_two_minutes = datetime.now(UTC) + timedelta(seconds=120)
    _Metadata.when, _Metadata.asked = in_two_minutes.strftime("%Y-%m-%dT%H:%M:%SZ"), 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Metadata) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def codes() -> list[int]:
    """What the commands return that are run; 0 after these."""
    return []


@pytest.fixture
def called(codes: list[int], monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run."""
    found: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        found.append(command)
        return SimpleNamespace(returncode=codes.pop(0) if codes else 0)

    monkeypatch.setattr(spot_notice.subprocess, "run", run)
    return found


def test_watch_when_aws_gives_notice_then_drains_once_with_the_time_that_is_left(
    metadata: str, called: list[list[str]]
) -> None:
    assert spot_notice.watch(metadata, every=0.01) == 0
    assert _Metadata.asked == 3
    (command,) = called
    told = parsed(ray_cli, command[1:])
    assert told["reason"] == "DRAIN_NODE_REASON_PREEMPTION" and told["node_id"] is None
    assert 90 <= told["deadline_remaining_seconds"] <= 110


def test_watch_when_the_service_does_not_answer_then_asks_again(
    metadata: str, called: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = spot_notice.notice
    failures = [TimeoutError("slow"), URLError("away"), RemoteDisconnected(), KeyError("time")]

    def sometimes(address: str) -> datetime | None:
        if failures:
            raise failures.pop()
        return real(address)

    monkeypatch.setattr(spot_notice, "notice", sometimes)
    assert spot_notice.watch(metadata, every=0.01) == 0
    assert not failures and len(called) == 1


def test_watch_when_ray_does_not_take_the_call_then_tries_again_while_there_is_time(
    metadata: str, called: list[list[str]], codes: list[int]
) -> None:
    codes[:] = [1, 1]
    assert spot_notice.watch(metadata, every=0.01) == 0
    assert len(called) == 3
    _Metadata.when, codes[:] = "2026-01-01T00:00:00Z", [7]
    assert spot_notice.watch(metadata, every=0.01) == 7


def test_drain_when_the_time_has_passed_then_asks_for_now() -> None:
    assert parsed(ray_cli, spot_notice.drain(-5.0)[1:])["deadline_remaining_seconds"] == 0
