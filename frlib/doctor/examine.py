"""All checks on this machine, at the same time, within one deadline."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from frlib.core import discover
from frlib.core.secrets import redacted
from frlib.doctor.asked import Asked
from frlib.doctor.report import CHECKS, PROBLEM, Facts, names

_LENGTH = 300


def facts(asked: Asked) -> dict[str, Facts]:
    """What every check sees here. One that hangs is left behind in a thread that ends with us."""
    return _run(
        {name: _looking(discover.load(CHECKS, name).look, asked) for name in names()},
        asked.patience_s,
    )


def again(asked: Asked, seen: Mapping[str, Mapping[str, Facts]]) -> dict[str, Facts]:
    """What checks see that look again. seen: place -> check -> facts of the first look."""
    looks = {}
    for name in names():
        module = discover.load(CHECKS, name)
        if hasattr(module, "look_again"):
            of_all = {place: told[name] for place, told in seen.items() if name in told}
            looks[name] = _looking(module.look_again, asked, of_all)
    return _run(looks, asked.patience_s)


def _looking(look: Callable[..., Facts], *words: Any) -> Callable[[], Facts]:
    return lambda: look(*words)


def _run(looks: Mapping[str, Callable[[], Facts]], within_s: float) -> dict[str, Facts]:
    found: dict[str, Facts] = {}

    def one(name: str, look: Callable[[], Facts]) -> None:
        try:
            found[name] = look()
        except Exception as error:
            words = redacted(" ".join(str(error).split()))[:_LENGTH]
            found[name] = {PROBLEM: f"{type(error).__name__}: {words}"}

    threads = [
        threading.Thread(target=one, args=(name, look), name=f"check-{name}", daemon=True)
        for name, look in looks.items()
    ]
    end = time.monotonic() + within_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    hung = {PROBLEM: f"did not come back within {within_s:g} s"}
    return {name: found.get(name, hung) for name in looks}
