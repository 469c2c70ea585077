"""What the runs of an arm noted of themselves: software, machine, code, outputs of stages."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from analysis.web.markup import breakable, folded, grid
from frlib.records.read import Attempt

_ENVIRONMENT = ("frlib", "torch", "python", "device", "precision", "workers")


def ran(counting: Sequence[Attempt]) -> list[tuple[str, str]]:
    """Where and with what, and of which state of the code, as far as the runs agree."""
    facts = [one.run.get("facts") or {} for one in counting]
    told = []
    for name in _ENVIRONMENT:
        values = dict.fromkeys(str(one[name]) for one in facts if name in one)
        if values:
            told.append(f"{name} {' or '.join(values)}")
    commits = dict.fromkeys(_commit(one["git"]) for one in facts if one.get("git"))
    return [
        ("Ran with", ", ".join(told)),
        ("Git commit", "; ".join(commits) or ("not on record" if facts else "")),
    ]


def _commit(git: Any) -> str:
    if not isinstance(git, Mapping):
        return str(git)
    changed = {True: ", with changes of its own", None: ", changed or not"}
    return f"{git.get('commit')}{changed.get(git.get('changed'), '')}"


def artefacts(counting: Sequence[Attempt], at: int) -> str:
    """A folded table of stage outputs; `at`: number of the cell. Empty without any."""
    used: dict[tuple[str, str], list[int]] = {}
    for one in counting:
        for stage, place in sorted(((one.run.get("facts") or {}).get("artifacts") or {}).items()):
            used.setdefault((str(stage), str(place)), []).append(one.seed)
    rows = [
        (escape(stage), f"<code>{breakable(place)}</code>", ", ".join(map(str, seeds)))
        for (stage, place), seeds in used.items()
    ]
    if not rows:
        return ""
    caption = "Outputs of stages that its runs began with, below artifacts/ of the store"
    heads = ("stage", "artefact", "seeds")
    return folded(f"{len(rows)} outputs of stages", grid(f"cell-{at}-stages", caption, heads, rows))
