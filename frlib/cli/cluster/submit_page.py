"""What `frlib cluster submit` would send, and the call that does the same."""

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from frlib.cli.show import console
from frlib.launch.submit import EXCLUDES, Submission

if TYPE_CHECKING:
    from frlib.launch.submit import Contents

_LARGEST, _SHOWN = 5, 12
_MIB = 2**20


def show(sending: Submission, contents: "Contents") -> None:
    """Working folder, runtime environment, resources, then a line to be copied."""
    grid = Table(box=None, pad_edge=False, show_header=False)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in _rows(sending, contents):
        grid.add_row(name, escape(text))
    console.print(grid)
    console.print("\nThe same by hand:")
    print(sending.command())
    print()


def _rows(sending: Submission, contents: "Contents") -> list[tuple[str, str]]:
    largest = ", ".join(f"{n} {s / _MIB:.2f} MiB" for n, s in contents.files[:_LARGEST])
    left = [name for name in contents.excluded if not name.endswith("__pycache__")]
    more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    own = [name for name in sending.excludes if name not in EXCLUDES]
    held = [f"{sending.cpus:g} CPU"] if sending.cpus else []
    held += [f"{number:g} {name}" for name, number in sending.reserved.items()]
    return [
        ("Job", sending.id),
        ("Cluster", sending.address),
        (
            "Goes along",
            f"{contents.folder}: {len(contents.files)} files, {contents.size / _MIB:.1f} MiB of at "
            f"most {contents.limit / _MIB:.0f}",
        ),
        ("  largest", largest or "nothing"),
        ("  left out", (", ".join(left[:_SHOWN]) + more) or "nothing"),
        ("  --exclude", ", ".join(own) or "none"),
        ("Variables", ", ".join(f"{k}={v}" for k, v in sorted(sending.env.items()))),
        ("Secrets", f"{', '.join(sending.secrets) or 'none'}, by name: the nodes have them"),
        ("Driver holds", ", ".join(held) or "nothing, and runs on the head"),
        ("On the job", ", ".join(f"{k}={v}" for k, v in sending.metadata.items())),
    ]
