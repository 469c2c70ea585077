"""What a server already has: the mirror's memory, one small file beside the study's records.

Losing it costs a search on the server, never a double: runs are found again by their tag.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from frlib.core import safeio
from frlib.core.errors import RecordError
from frlib.track.uri import fingerprint

FILE = "mlflow.json"


@dataclass
class Sent:
    """One run's state on the server.

    described: parameters and data sets are there. parts: metric parts sent. files, tables: stamps
    of the files sent. status: how it was ended. tags: values set after its creation.
    """

    run_id: str
    described: bool = False
    parts: int = 0
    files: str = ""
    status: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    tables: str = ""


@dataclass
class Memory:
    """Run key -> what has been sent, for one server."""

    path: Path
    server: str
    runs: dict[str, Sent] = field(default_factory=dict)

    @classmethod
    def open(cls, study_folder: Path, uri: str) -> "Memory":
        """Read it; empty when lost, damaged, or kept for another server."""
        memory = cls(study_folder / FILE, fingerprint(uri))
        try:
            raw = safeio.read_json(memory.path)
            if raw["server"] == memory.server:
                memory.runs = {key: Sent(**sent) for key, sent in raw["runs"].items()}
        except (RecordError, KeyError, TypeError, AttributeError):
            memory.runs = {}
        return memory

    def save(self) -> None:
        """Write it, whole or not at all."""
        runs = {key: asdict(sent) for key, sent in self.runs.items()}
        safeio.write_json(self.path, {"server": self.server, "runs": runs})
