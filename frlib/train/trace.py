"""A trace of the first steps of a run, for chrome://tracing or Perfetto."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

_WARM = 2


class Trace:
    """Records `steps` steps after two others, into `<folder>/trace.json`; 0 steps: nothing."""

    def __init__(self, steps: int, folder: Path | None) -> None:
        self._profiler: Any = None
        if steps and folder is not None:
            self._profiler = _profiler(steps, folder / "trace.json")

    def __enter__(self) -> Self:
        if self._profiler is not None:
            self._profiler.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._profiler is not None:
            self._profiler.__exit__(kind, error, trace)

    def step(self) -> None:
        """A step is over."""
        if self._profiler is not None:
            self._profiler.step()


def _profiler(steps: int, file: Path) -> Any:
    from torch import profiler

    def write(done: Any) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        done.export_chrome_trace(str(file))

    return profiler.profile(
        schedule=profiler.schedule(wait=0, warmup=_WARM, active=steps, repeat=1),
        on_trace_ready=write,
        profile_memory=True,
    )
