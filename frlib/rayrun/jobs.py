"""Ray's jobs: the calls we make of its client, each failure a `ClusterError`.

Ray 2.60 as it is: `RAY_API_SERVER_ADDRESS` and `RAY_ADDRESS` win over an address that is given;
`ray job submit` returns 1 for whatever its job returned, the true code is in the job's details; the
log is followed from its beginning, and the connection may end before the job does.
"""

import asyncio
import logging
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from frlib.core.errors import ClusterError
from frlib.core.secrets import redacted

_VARIABLE = "RAY_API_SERVER_ADDRESS"
_CODE = re.compile(r"failed with exit code (-?\d+)")
_ENDED = ("SUCCEEDED", "FAILED", "STOPPED")
_AGAIN_S, _CLOSING_S, _TRIES = 1.0, 5.0, 30
_CHATTY = ("ray", "ray.dashboard.modules.dashboard_sdk", "ray.dashboard.modules.job.sdk")


@dataclass(frozen=True)
class Job:
    """A job as Ray tells of it. Times in seconds since 1970, None where it has not come to it."""

    id: str
    status: str
    exit_code: int | None
    message: str
    metadata: Mapping[str, str]
    entrypoint: str
    started: float | None
    ended: float | None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however."""
        return self.status in _ENDED

    @property
    def code(self) -> int:
        """What a shell would have returned: the entry point's own code; 1 of a stopped job."""
        if self.status == "SUCCEEDED":
            return 0
        told = _CODE.search(self.message)
        code = self.exit_code if self.exit_code is not None else int(told[1]) if told else 1
        return 128 - code if code < 0 else code or 1


class Jobs:
    """The jobs of one cluster, through its dashboard (`http://HEAD:8265`)."""

    def __init__(self, address: str) -> None:
        """`ClusterError` when it does not answer, or does not let us in."""
        self.address = address.rstrip("/")
        with self._calls():
            from ray.job_submission import JobSubmissionClient

            for chatty in _CHATTY:
                logging.getLogger(chatty).setLevel(logging.ERROR)
            with _only(self.address):
                self._client = JobSubmissionClient(self.address)

    def submit(self, **words: Any) -> str:
        """As `JobSubmissionClient.submit_job`; the job's id."""
        with self._calls():
            return str(self._client.submit_job(**words))

    def find(self, job: str) -> Job:
        """One job by its submission id."""
        with self._calls():
            return _job(self._client.get_job_info(job))

    def all(self) -> list[Job]:
        """Submitted jobs, newest first."""
        with self._calls():
            found = [_job(one) for one in self._client.list_jobs() if one.submission_id]
        return sorted(found, key=lambda one: one.started or 0.0, reverse=True)

    def log(self, job: str) -> str:
        """All that it has printed so far."""
        with self._calls():
            return str(self._client.get_job_logs(job))

    def follow(self, job: str, known: int = 0) -> Iterator[str]:
        """What it prints, as it comes, until it is over; goes on after a broken connection.

        known: characters of its log that are left out.
        """
        told, failures = known, 0
        while True:
            skip = told
            try:
                for text in self._tail(job):
                    fresh, skip = text[skip:], max(0, skip - len(text))
                    if fresh:
                        told, failures = told + len(fresh), 0
                        yield fresh
            except ClusterError:
                failures += 1
                if failures > _TRIES:
                    raise
            try:
                if self.find(job).is_over:
                    if rest := self._rest(job, told):
                        yield rest
                    return
            except ClusterError:
                failures += 1
                if failures > _TRIES:
                    raise
            time.sleep(_AGAIN_S)

    def stop(self, job: str) -> bool:
        """Ask it to end; whether it ran. Ray sends SIGTERM, and SIGKILL when it has waited."""
        with self._calls():
            return bool(self._client.stop_job(job))

    def forget(self, job: str) -> None:
        """Take a job that is over off the list."""
        with self._calls():
            self._client.delete_job(job)

    def wait(self, job: str, within_s: float) -> Job:
        """The job once it is over; `ClusterError` when it takes longer."""
        end = time.monotonic() + within_s
        while not (found := self.find(job)).is_over:
            if time.monotonic() > end:
                raise ClusterError(
                    f"{job}: {found.status.lower()} for {within_s:.0f} s; {found.message}"
                )
            time.sleep(_AGAIN_S / 2)
        return found

    def _rest(self, job: str, known: int) -> str:
        """What a job that is over printed after the connection had ended; nothing of a lost log."""
        with suppress(ClusterError):
            return self.log(job)[known:]
        return ""

    def _tail(self, job: str) -> Iterator[str]:
        """In a thread of its own, so that Ctrl-C meets no half-read connection."""
        came: SimpleQueue[str | Exception | None] = SimpleQueue()
        loop = asyncio.new_event_loop()

        async def carry() -> None:
            try:
                async for text in self._client.tail_job_logs(job):
                    came.put(text)
                came.put(None)
            except Exception as error:
                came.put(error)

        task = loop.create_task(carry())
        thread = threading.Thread(target=_run, args=(loop, task), name="job-log", daemon=True)
        thread.start()
        try:
            while (one := came.get()) is not None:
                if isinstance(one, Exception):
                    with self._calls():
                        raise one
                yield one
        finally:
            with suppress(RuntimeError):  # of a loop that has ended by itself
                loop.call_soon_threadsafe(task.cancel)
            thread.join(_CLOSING_S)

    @contextmanager
    def _calls(self) -> Iterator[None]:
        from aiohttp import ClientError
        from ray.exceptions import AuthenticationError

        try:
            yield
        except AuthenticationError as error:
            raise ClusterError(
                f"{self._shown}: asks for a token that this client did not bring. Export "
                "RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH (or ~/.ray/auth_token) with the "
                "cluster's token in it"
            ) from error
        except (RuntimeError, ValueError, OSError, ClientError) as error:
            words = redacted(" ".join(str(error).split()))[:400]
            raise ClusterError(
                f"{self._shown}: {words}. Expected Ray's dashboard there (http://HEAD:8265; behind "
                "`ssh -L 8265:localhost:8265 HEAD` it is http://127.0.0.1:8265)"
            ) from error

    @property
    def _shown(self) -> str:
        return redacted(self.address)


def _run(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.close()


@contextmanager
def _only(address: str) -> Iterator[None]:
    before = os.environ.get(_VARIABLE)
    os.environ[_VARIABLE] = address
    try:
        yield
    finally:
        if before is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before


def _job(told: Any) -> Job:
    return Job(
        id=str(told.submission_id),
        status=str(getattr(told.status, "value", told.status)),
        exit_code=told.driver_exit_code,
        message=redacted(told.message or ""),
        metadata=dict(told.metadata or {}),
        entrypoint=redacted(told.entrypoint),
        started=None if told.start_time is None else told.start_time / 1000,
        ended=None if told.end_time is None else told.end_time / 1000,
    )
