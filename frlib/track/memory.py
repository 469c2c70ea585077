"""What a server already has: the mirror's memory, one small file beside the study's records.

Losing it costs a search on the server, never a double: runs are found again by their tag.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.track.uri import fingerprint

FILE = "mlflow.json"


@dataclass
class Sent:
    """One run's state on the server.

    described: parameters and data sets are there. curve: attempt -> how many of its metric parts
    are on this replicate's curve; rows: how many points those are. numbers: stamp of the final
    numbers. status: how it was ended. tags: as they were set last. outputs: file -> stamp.
    """

    run_id: str
    described: bool = False
    curve: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    numbers: str = ""
    status: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Memory:
    """Run key -> what has been sent, and registered model -> which run it is, for one server.

    params: of runs found on the server that the file did not know; those cannot be changed.
    """

    path: Path
    server: str
    runs: dict[str, Sent] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    params: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, study_folder: Path, uri: str) -> "Memory":
        """Read it; empty when lost, damaged, of an older form, or kept for another server."""
        memory = cls(study_folder / FILE, fingerprint(uri))
        try:
            raw: Any = safeio.read_json(memory.path)
            if raw["server"] == memory.server:
                memory.runs = {key: Sent(**sent) for key, sent in raw["runs"].items()}
                memory.models = dict(raw["models"])
        except (RecordError, KeyError, TypeError, AttributeError):
            memory.runs, memory.models = {}, {}
        return memory

    def save(self) -> None:
        """Write it, whole or not at all."""
        runs = {key: asdict(sent) for key, sent in self.runs.items()}
        told = {"server": self.server, "runs": runs, "models": self.models}
        safeio.write_json(self.path, told)
