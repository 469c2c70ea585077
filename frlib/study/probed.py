"""What a probe has measured, kept beside a study's records as `probe.json` until it is stale."""

from pathlib import Path

from frlib.core import safeio
from frlib.core.config import Config, to_dict
from frlib.core.errors import ConfigError, RecordError
from frlib.study.loads import Load

_FILE = "probe.json"


class Sample(Config):
    """One workload, measured. Seconds; `kind` as `frlib.study.kinds` names it.

    what: in words. flops: of a step. step_s: median of `steps` steps. pass_s: of an epoch beside
    its steps. start_s: preparing data and building networks. selection_s: evaluating the held-out
    people once. report_s: all benchmarks once. watts: drawn meanwhile; None where unreadable.
    """

    kind: str
    what: str
    flops: int
    steps: int
    step_s: float
    pass_s: float
    start_s: float
    selection_s: float
    report_s: float
    watts: float | None = None

    def run_s(self, load: Load, epochs: int, selections: int) -> float:
        """Seconds of a run of so many epochs that is like this sample but for its length."""
        training = epochs * (load.steps_per_epoch * self.step_s + self.pass_s)
        return self.start_s + training + selections * self.selection_s + self.report_s


class Probed(Config):
    """Samples taken on one machine, which `hardware` describes."""

    hardware: dict[str, str]
    made: str
    samples: tuple[Sample, ...]

    def stale(self, hardware: dict[str, str], kinds: set[str]) -> str:
        """Why this says nothing about these workloads on this machine; empty where it does."""
        differing = [n for n in sorted({*hardware, *self.hardware}) if self._differs(n, hardware)]
        if differing:
            name = differing[0]
            return (
                f"{name} was {self.hardware.get(name, 'unknown')}, here it is "
                f"{hardware.get(name, 'unknown')}"
            )
        if not any(sample.kind in kinds for sample in self.samples):
            return "it measured other workloads than this study has"
        return ""

    def _differs(self, name: str, hardware: dict[str, str]) -> bool:
        return self.hardware.get(name) != hardware.get(name)


def write(folder: Path, probed: Probed) -> None:
    """Keep it in the study's folder, in the place of an older one."""
    safeio.write_json(folder / _FILE, to_dict(probed))


def read(folder: Path) -> Probed | None:
    """What was kept there, if anything; `RecordError` for a file that is no such thing."""
    path = folder / _FILE
    if not path.is_file():
        return None
    try:
        return Probed.parse(safeio.read_json(path))
    except ConfigError as error:
        raise RecordError(f"{path}: {error}. Remove it, and probe again") from error
