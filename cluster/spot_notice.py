"""Tells Ray that AWS is about to take this spot machine: `python -m cluster.spot_notice`.

AWS announces it two minutes ahead in the machine's metadata (`spot/instance-action`, 404 until
then; EC2 User Guide, "Spot Instance interruption notices"). The node is then drained: Ray starts
nothing new on it, and what runs there hears the deadline and can write a checkpoint.

Tried: against a server that answers like the metadata service, and `ray drain-node` on a cluster of
one machine. Not tried: on AWS.
"""

import json
import logging
import subprocess
import time
from datetime import UTC, datetime
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

log = logging.getLogger(__name__)

METADATA = "http://169.254.169.254"
_EVERY_S = 5.0
_TIMEOUT_S = 2.0
_MARGIN_S = 10.0
"""Before AWS's own time, so that Ray is done when the machine goes."""


def notice(metadata: str = METADATA) -> datetime | None:
    """When the machine will be taken; None while nobody says so.

    Raises `OSError` when the metadata service does not answer.
    """
    asked = Request(
        f"{metadata}/latest/api/token",
        method="PUT",
        headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"},
    )
    with urlopen(asked, timeout=_TIMEOUT_S) as answer:
        token = answer.read().decode()
    action = Request(
        f"{metadata}/latest/meta-data/spot/instance-action",
        headers={"X-aws-ec2-metadata-token": token},
    )
    try:
        with urlopen(action, timeout=_TIMEOUT_S) as answer:
            told = json.load(answer)
    except HTTPError as error:
        if error.code == 404:
            return None
        raise
    return datetime.fromisoformat(told["time"].replace("Z", "+00:00"))


def drain(seconds: float) -> list[str]:
    """The call that has Ray leave this node within so many seconds."""
    return [
        "ray",
        "drain-node",
        "--reason=DRAIN_NODE_REASON_PREEMPTION",
        "--reason-message=AWS takes this spot machine",
        f"--deadline-remaining-seconds={max(0, int(seconds))}",
    ]


def watch(metadata: str = METADATA, every: float = _EVERY_S) -> int:
    """Wait for the notice, drain the node, return the exit code of Ray's command.

    every: seconds between two questions. A metadata service that does not answer, or answers
    something else, is asked again; so is Ray where it does not take the call, while there is time.
    """
    while True:
        try:
            when = notice(metadata)
        except (OSError, HTTPException, ValueError, KeyError) as error:
            log.warning("%s: %s; asking again", metadata, error)
            when = None
        if when is not None:
            left = (when - datetime.now(UTC)).total_seconds() - _MARGIN_S
            log.warning("this machine is taken at %s; draining the node", when.isoformat())
            code = subprocess.run(drain(left), check=False).returncode
            if not code or left <= 0:
                return code
            log.warning("ray drain-node ended with exit code %d; once more", code)
        time.sleep(every)


def main() -> None:
    """Entry point."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    raise SystemExit(watch())


if __name__ == "__main__":
    main()
