"""Of a process that has this folder on its PYTHONPATH: its disk is full while a file exists.

The file's path is in FRLIB_TEST_FULL_DISK. What is flushed to the disk is refused as the kernel
does, wherever it goes; what is written and not flushed is not noticed.
"""

import errno
import os
from pathlib import Path

_FLAG = os.environ.get("FRLIB_TEST_FULL_DISK", "")
_flush = os.fsync


def _refused(fd: int) -> None:
    if Path(_FLAG).exists():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    _flush(fd)


if _FLAG:
    os.fsync = _refused
