"""Joining or starting a cluster: whatever Ray says of a failure, it is told with what to do."""

from typing import Any

import pytest
import ray
from ray.exceptions import AuthenticationError

from frlib.core.errors import ClusterError
from frlib.rayrun import environment

SLOW = Exception("The current node timed out during startup.")
"""Of no narrower kind, as Ray raises it for a raylet that takes more than 30 s."""


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("", SLOW, "Ray on this machine: The current node timed out.*once the machine is less"),
        ("head:6379", ConnectionError("refused"), "Ray on head:6379: refused.*ray status"),
        ("head:6379", AuthenticationError("no token"), "no token.* the token the same on both"),
    ],
)
def test_connect_when_ray_cannot_then_says_what_to_do(
    address: str, error: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(**words: Any) -> None:
        raise error

    for name in environment._SWITCHES:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(ClusterError, match=message) as told:
        environment.connect(address)
    assert told.value.__cause__ is error
