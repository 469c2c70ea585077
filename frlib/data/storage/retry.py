"""Calls to a remote file system: tried again when the network stumbles, an error when it is down.

What cannot become true by waiting (no such file, no permission, an unknown host's refusal of the
credentials) is not tried again. Every repetition is counted and logged.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from frlib.core.errors import DataError

T = TypeVar("T")
DELAYS_S = (0.2, 0.5, 1.0, 2.0, 4.0)
"""Waits before the second, third, ... attempt, each varied by up to a half either way."""
_FINAL = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError)
_REFUSALS = (
    "ACCESS_DENIED",
    "NO_SUCH_BUCKET",
    "NO_SUCH_KEY",
    "INVALID_ACCESS_KEY_ID",
    "SIGNATURE_DOES_NOT_MATCH",
    "INVALID_CLIENT_TOKEN_ID",
    "UNRECOGNIZED_CLIENT",
    "PermissionDenied",
    "Unauthenticated",
)
_log = logging.getLogger(__name__)


class Count:
    """How often this process had to try again, over all places. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.retries = 0

    def advance(self) -> int:
        """Count one more and return the new total."""
        with self._lock:
            self.retries += 1
            return self.retries


COUNT = Count()


def steady(call: Callable[[], T], where: str) -> T:
    """The result of `call`, tried up to six times; `DataError` says what failed and what to do."""
    attempts = len(DELAYS_S) + 1
    for attempt in range(1, attempts + 1):
        try:
            return call()
        except OSError as error:
            if not passing(error):
                raise DataError(
                    f"{where}: {first_line(error)}; expected a readable file or folder. Check the "
                    "address, and that these credentials may read it."
                ) from error
            if attempt == attempts:
                raise DataError(
                    f"{where}: {first_line(error)}, {attempts} times; expected an answer. Check "
                    "the network and the service, then run again."
                ) from error
            total = COUNT.advance()
            delay_s = DELAYS_S[attempt - 1] * random.uniform(0.5, 1.5)
            _log.warning(
                "%s: %s; attempt %s of %s in %.1f s (%s repeated calls so far)",
                where,
                first_line(error),
                attempt + 1,
                attempts,
                delay_s,
                f"{total:,}",
            )
            time.sleep(delay_s)
    raise AssertionError("unreachable")


def passing(error: OSError) -> bool:
    """Whether waiting may help."""
    if isinstance(error, _FINAL):
        return False
    return not any(refusal in str(error) for refusal in _REFUSALS)


def first_line(error: OSError) -> str:
    """What it says, without the rest that some libraries append."""
    return (error.strerror or str(error) or type(error).__name__).splitlines()[0]
