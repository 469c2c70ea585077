"""A process of its own that reads damaged files: `python -m tests.fuzz.child NAME SEED CASES ROOT`.

One line of JSON a case. Little address space and an alarm make a blow-up or a hang an outcome of
the case; a crash of the process shows as the line that is missing.
"""

import json
import logging
import random
import resource
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from frlib.core.errors import FrlibError
from tests.fuzz.damage import damaged
from tests.fuzz.subjects import SUBJECTS, Subject

ROOM = 2 << 30
SECONDS = 20


class Hang(BaseException):
    """A case took too long."""


def _hang(signal_number: int, frame: FrameType | None) -> None:
    raise Hang


def _outcome(subject: Subject, root: Path) -> tuple[str, str]:
    signal.alarm(SECONDS)
    try:
        subject.read(root)
    except FrlibError as error:
        return ("refused", str(error)) if len(str(error)) > 20 else ("wrong", f"terse: {error}")
    except Hang:
        return "wrong", "hang"
    except BaseException as error:
        return "wrong", f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    return "read", ""


def main(name: str, seed: int, cases: int, root: Path) -> None:
    """`cases` damaged copies of the subject's files, each read once."""
    subject, good = SUBJECTS[name], root / "good"
    good.mkdir()
    subject.make(good)
    subject.read(good)
    files = sorted(path.relative_to(good) for path in good.rglob("*") if path.is_file())
    whole = {file: (good / file).read_bytes() for file in files}
    bad = root / "bad"
    shutil.copytree(good, bad)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, used + ROOM))
    signal.signal(signal.SIGALRM, _hang)
    for number in range(cases):
        rng = random.Random(f"{name} {seed} {number}")
        file = rng.choice(files)
        (bad / file).write_bytes(damaged(whole[file], rng))
        print(json.dumps({"case": number, "file": str(file)}), flush=True)
        began = time.monotonic()
        kind, text = _outcome(subject, bad)
        took_s = round(time.monotonic() - began, 3)
        print(json.dumps({"outcome": kind, "text": text, "took_s": took_s}), flush=True)
        (bad / file).write_bytes(whole[file])


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
