"""An S3 server of this machine, in a process of its own, that can be away for a while."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUCKET = "bucket"
KEYS = {
    "AWS_ACCESS_KEY_ID": "tester",
    "AWS_SECRET_ACCESS_KEY": "canary-5e1f",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Server:
    """`uri`: of a folder in its bucket."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process, self.port = process, port

    def uri(self, folder: str) -> str:
        return (
            f"s3://{BUCKET}/{folder}?scheme=http&region=us-east-1"
            f"&endpoint_override=127.0.0.1:{self.port}"
        )

    def keys(self, folder: str) -> list[str]:
        """Of the files below a folder."""
        url = f"http://127.0.0.1:{self.port}/{BUCKET}?list-type=2&prefix={folder}/"
        text = urllib.request.urlopen(url, timeout=30).read().decode()
        found = [part.partition("</Key>")[0] for part in text.split("<Key>")[1:]]
        return [key for key in found if not key.endswith("/")]

    @contextmanager
    def away(self) -> Iterator[None]:
        """It answers nobody inside this, and has forgotten nothing afterwards."""
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """A server with an empty bucket. folder: for what it prints."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env={**os.environ, **KEYS},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}/{BUCKET}"
        end = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=5)
                break
            except (urllib.error.URLError, OSError):
                assert time.monotonic() < end, (folder / "s3.log").read_text()
                time.sleep(0.2)
        yield Server(process, port)
    finally:
        os.kill(process.pid, signal.SIGCONT)
        process.kill()
        process.wait()
