"""What records take on disk, and memory of this process."""

import os
from dataclasses import dataclass
from pathlib import Path

_MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Room:
    """files, folders: an inode each. mib: of content; disk_mib: of the blocks that hold it."""

    files: int
    folders: int
    mib: float
    disk_mib: float


def room(folder: Path) -> Room:
    """Of everything below a folder."""
    files = folders = content = blocks = 0
    for path, inner, names in os.walk(folder):
        folders += len(inner)
        for name in names:
            found = (Path(path) / name).stat()
            files += 1
            content += found.st_size
            blocks += 512 * found.st_blocks
    return Room(files=files, folders=folders, mib=content / _MIB, disk_mib=blocks / _MIB)


def resident_mib() -> float:
    """Of this process now, from Linux's `/proc`; 0 where that does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB
