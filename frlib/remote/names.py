"""Which files of a working copy belong to the store, and what they are called there.

Records and artefacts do. Decoded pixels, embeddings, Ray's scratch, the tracking database and what
it was sent, locks, leases and files without their name yet are of this machine alone. An artefact
that is being made has another folder in every process; what is finished of it goes to one place,
for whoever goes on.
"""

import re
from collections.abc import Collection
from pathlib import PurePosixPath

ROOMS = ("studies", "artifacts")
CLAIMS = "claims"
_ASIDE = re.compile(r"\.([^.]+)\.aside-[^/]+")
_HEAVY = ("checkpoints", "model.safetensors", "losses.npy")
_REPLICATE = re.compile(r"studies/[^/]+/arms/[^/]+/r-?\d+/")
STOP, JOURNAL = "stop.json", "optuna.journal"
"""Of a study: by what others ask its driver to stop, and what grows by itself."""
MIRRORED = "mlflow.json"
"""Of a study: what this machine's tracking server has of it, which is another one elsewhere."""
_PASSING = ("driver.json", STOP, "doing.txt", "halted.json")
_VERDICT = re.compile(r"(studies/[^/]+/arms/[^/]+)/verdict\.json$")
_CHECKPOINT = re.compile(r"(studies/[^/]+/arms/[^/]+)/r-?\d+/checkpoints/")
_ATTEMPT = re.compile(r"(studies/[^/]+/arms/[^/]+/r-?\d+/a\d+)/")


def key(name: str) -> str | None:
    """The key of a file or folder (relative to the working copy) in the store; None: it has none.

    >>> key("artifacts/evidence/.3f2a.aside-77/rows.npy")
    'artifacts/evidence/.3f2a.partial/rows.npy'
    """
    parts = PurePosixPath(name).parts
    if not parts or parts[0] not in ROOMS or parts[-1] == MIRRORED:
        return None
    if parts[0] == "artifacts" and len(parts) > 2 and (found := _ASIDE.fullmatch(parts[2])):
        parts = (*parts[:2], partial(found[1]), *parts[3:])
        hidden = parts[3:]
    else:
        hidden = parts
    if any(part.startswith(".") for part in hidden):
        return None
    return "/".join(parts)


def partial(digest: str) -> str:
    """The folder of what is finished of an artefact that is not whole."""
    return f".{digest}.partial"


def is_heavy(key: str) -> bool:
    """Whether only who trains or evaluates needs it."""
    return any(part in _HEAVY for part in key.split("/"))


def is_begun_anew(key: str) -> bool:
    """Whether each machine goes on with its own, and only one without any begins with another's."""
    return key.endswith(f"/{JOURNAL}")


def is_mirrored(key: str) -> bool:
    """Whether a file that is gone from the store has to go here as well.

    Only what is known to be removed on purpose: a store that lost its records takes none with it.
    """
    return bool(_REPLICATE.match(key)) or key.rpartition("/")[2] in _PASSING


def left_behind(keys: Collection[str]) -> list[str]:
    """Checkpoints of arms that have their verdict, among all keys of a study."""
    ended = {found[1] for key in keys if (found := _VERDICT.match(key))}
    at = ((key, _CHECKPOINT.match(key)) for key in keys)
    return [key for key, found in at if found is not None and found[1] in ended]


def attempt(key: str) -> str | None:
    """The folder of the attempt that a file belongs to."""
    found = _ATTEMPT.match(key)
    return None if found is None else found[1]


def rank(key: str) -> tuple[bool, str]:
    """Orders files so that what says that others are whole comes after them."""
    return key.endswith(".json"), key
