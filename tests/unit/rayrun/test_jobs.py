from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import ServerDisconnectedError

from frlib.core.errors import ClusterError
from frlib.rayrun import jobs as access
from frlib.rayrun.jobs import Job, Jobs


def job(status: str, exit_code: int | None = None, message: str = "") -> Job:
    return Job("a", status, exit_code, message, {}, "", None, None)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (job("SUCCEEDED", 0), 0),
        (job("FAILED", 3), 3),
        (job("FAILED", None, "Job entrypoint command failed with exit code 2, last ..."), 2),
        (job("FAILED", -9), 137),
        (job("FAILED", None, "the runtime environment could not be made"), 1),
        (job("STOPPED"), 1),
    ],
)
def test_code_when_a_job_is_over_then_it_is_that_of_its_entry_point(found: Job, code: int) -> None:
    assert found.is_over and found.code == code


def test_job_when_it_is_pending_or_runs_then_it_is_not_over() -> None:
    assert not job("PENDING").is_over and not job("RUNNING").is_over


@dataclass
class Client:
    """Says `log`, which breaks off after `breaks` pieces the first time.

    unheard: what it printed after the connection had ended. lost: of what that ended.
    """

    log: tuple[str, ...] = ("one\n", "two\n", "three\n")
    breaks: int = 0
    tails: int = 0
    unheard: tuple[str, ...] = ()
    lost: Exception | None = None
    statuses: Iterator[str] = field(default_factory=lambda: iter(["RUNNING"] * 1 + ["FAILED"] * 9))

    async def tail_job_logs(self, job: str) -> AsyncIterator[str]:
        self.tails += 1
        for number, text in enumerate(self.log):
            if self.tails == 1 and self.breaks and number == self.breaks:
                raise RuntimeError("WebSocket connection closed")
            yield text
        if self.tails == 1 and self.lost is not None:
            raise self.lost

    def get_job_logs(self, job: str) -> str:
        return "".join((*self.log, *self.unheard))

    def get_job_info(self, job: str) -> Any:
        return SimpleNamespace(
            submission_id=job,
            status=next(self.statuses),
            driver_exit_code=3,
            message="",
            metadata=None,
            entrypoint="",
            start_time=2000,
            end_time=None,
        )


def over(client: Client, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    monkeypatch.setattr(access, "_AGAIN_S", 0.0)
    found = Jobs.__new__(Jobs)
    found.address = "http://u:p4ss@head:8265"
    found._client = client
    return found


def test_log_when_the_connection_breaks_then_it_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client(breaks=2)
    assert list(over(client, monkeypatch).follow("a")) == ["one\n", "two\n", "three\n"]
    assert client.tails == 2


@pytest.mark.parametrize("lost", [None, RuntimeError("closed"), ServerDisconnectedError()])
def test_log_when_the_connection_ends_before_the_job_then_its_last_words_come(
    lost: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(unheard=("fo", "ur\n"), lost=lost, statuses=iter(["FAILED"]))
    assert "".join(over(client, monkeypatch).follow("a", len("on"))) == "e\ntwo\nthree\nfour\n"


def test_log_when_it_is_lost_with_its_node_then_what_is_known_of_the_job_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client(statuses=iter(["FAILED"]))

    def lost(job: str) -> str:
        raise RuntimeError("no agent")

    monkeypatch.setattr(client, "get_job_logs", lost)
    assert "".join(over(client, monkeypatch).follow("a")) == "one\ntwo\nthree\n"


def test_log_when_a_part_is_known_then_only_the_rest_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "".join(over(Client(), monkeypatch).follow("a", len("one\ntw"))) == "o\nthree\n"


def test_log_when_the_cluster_is_gone_for_good_then_it_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client()

    def gone(job: str) -> Any:
        raise ConnectionError("refused")

    monkeypatch.setattr(client, "get_job_info", gone)
    with pytest.raises(ClusterError, match=r"http://\*\*\*@head:8265: refused"):
        list(over(client, monkeypatch).follow("a"))


def test_jobs_when_nothing_listens_then_it_says_what_was_expected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(ClusterError, match="Expected Ray's dashboard"):
        Jobs("http://127.0.0.1:9")
