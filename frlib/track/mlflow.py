"""The tracking server: the few MLflow calls we make, each failure a `TrackingError`.

The only file that imports mlflow, and only when a server is opened. MLflow 3.17 as it is: names may
hold letters, digits and `_-. /:`; parameters are immutable and at most 6000 characters; a batch
takes 100 parameters, 100 tags or 1000 metrics; the same metric point sent twice is kept once. Its
seven retries would hold a caller for minutes: here it is one.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from frlib.core.errors import FrlibError, TrackingError
from frlib.track.uri import shown

Ending = Literal["FINISHED", "FAILED", "KILLED"]

_NEVER = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
_UNLESS_SET = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_PARAM_LENGTH = 6000
_TAG_LENGTH = 8000
_NAME_LENGTH = 250
_DIGEST_LENGTH = 36
_PER_BATCH = 100
_METRICS_PER_BATCH = 1000
_PAGE = 1000
_NOT_IN_NAMES = re.compile(r"[^\w.\- /]")


@dataclass(frozen=True)
class Point:
    """One number of a run; `time_ms` is when it was recorded, not when it is sent."""

    name: str
    value: float
    time_ms: int
    step: int


@dataclass(frozen=True)
class RemoteRun:
    """A run as the server has it."""

    run_id: str
    tags: Mapping[str, str]
    status: str


class Server:
    """A connection to one experiment, created when it is not there."""

    def __init__(self, uri: str, experiment: str, artifacts: str | None, *, create: bool) -> None:
        """Open it; `create=False` refuses an experiment that does not exist."""
        self._uri = uri
        os.environ.update(_NEVER)
        for name, value in _UNLESS_SET.items():
            os.environ.setdefault(name, value)
        with self._calls():
            from mlflow import MlflowClient

            self._client = MlflowClient(tracking_uri=uri)
            found = self._client.get_experiment_by_name(experiment)
        if found is not None and found.lifecycle_stage != "active":
            raise TrackingError(
                f"{shown(uri)}: the experiment {experiment!r} has been deleted there. Restore it "
                f"(`mlflow experiments restore --experiment-id {found.experiment_id}`) or remove "
                "it for good, then sync again. The records are unaffected."
            )
        if found is None and not create:
            raise TrackingError(
                f"{shown(uri)}: has no experiment {experiment!r}, so this study was never "
                "mirrored there. `frlib track sync NAME` sends it, from a store with its records."
            )
        if found is None:
            self._experiment = self._create(experiment, artifacts)
        else:
            self._experiment = str(found.experiment_id)

    def runs(self) -> list[RemoteRun]:
        """All runs of the experiment that are not deleted."""
        found: list[RemoteRun] = []
        token: str | None = None
        with self._calls():
            while True:
                page = self._client.search_runs(
                    [self._experiment],
                    max_results=_PAGE,
                    page_token=token,
                    order_by=["attributes.start_time ASC", "attributes.run_id ASC"],
                )
                found += [RemoteRun(r.info.run_id, r.data.tags, r.info.status) for r in page]
                token = page.token
                if not token:
                    return found

    def create_run(
        self, name: str, tags: Mapping[str, str], parent: str | None, start_ms: int | None
    ) -> str:
        """A new run; its id."""
        name = name[:_NAME_LENGTH]
        all_tags = {"mlflow.runName": name, **tags}
        if parent is not None:
            all_tags["mlflow.parentRunId"] = parent
        with self._calls():
            run = self._client.create_run(
                self._experiment, start_time=start_ms, tags=_cut(all_tags), run_name=name
            )
        return str(run.info.run_id)

    def params(self, run_id: str, values: Mapping[str, Any]) -> None:
        """Log parameters; sending the same again changes nothing."""
        with self._calls():
            from mlflow.entities import Param

            named = [Param(plain_name(k), str(v)[:_PARAM_LENGTH]) for k, v in values.items()]
            for start in range(0, len(named), _PER_BATCH):
                self._client.log_batch(
                    run_id, params=named[start : start + _PER_BATCH], synchronous=True
                )

    def tags(self, run_id: str, values: Mapping[str, str]) -> None:
        """Set tags, replacing older values."""
        with self._calls():
            from mlflow.entities import RunTag

            named = [RunTag(k, v) for k, v in _cut(values).items()]
            for start in range(0, len(named), _PER_BATCH):
                self._client.log_batch(
                    run_id, tags=named[start : start + _PER_BATCH], synchronous=True
                )

    def metrics(self, run_id: str, points: Sequence[Point]) -> None:
        """Log numbers with their own times; sending the same again changes nothing."""
        with self._calls():
            from mlflow.entities import Metric

            named = [Metric(plain_name(p.name), p.value, p.time_ms, p.step) for p in points]
            for start in range(0, len(named), _METRICS_PER_BATCH):
                self._client.log_batch(
                    run_id, metrics=named[start : start + _METRICS_PER_BATCH], synchronous=True
                )

    def datasets(self, run_id: str, digests: Mapping[str, str]) -> None:
        """Log data sets by name and our digest; no data is read or sent."""
        with self._calls():
            from mlflow.data.code_dataset_source import CodeDatasetSource
            from mlflow.data.meta_dataset import MetaDataset
            from mlflow.entities import Dataset, DatasetInput, InputTag

            inputs = []
            for name, digest in digests.items():
                source = CodeDatasetSource(tags={"frlib.digest": digest})
                told = MetaDataset(  # type: ignore[abstract]
                    source, name=name, digest=digest[:_DIGEST_LENGTH]
                ).to_dict()
                fields = {k: told[k] for k in ("name", "digest", "source", "source_type")}
                tag = InputTag(key="mlflow.data.context", value=name)
                inputs.append(DatasetInput(dataset=Dataset(**fields), tags=[tag]))
            if inputs:
                self._client.log_inputs(run_id, inputs)

    def upload(self, run_id: str, files: Sequence[Path], folder: str) -> None:
        """Copy files into a run's artefacts, over older ones of the same name."""
        with self._calls():
            for path in files:
                self._client.log_artifact(run_id, str(path), folder)

    def download(self, run_id: str, folder: str, into: Path) -> list[Path]:
        """Copy a folder of a run's artefacts into `into`; the files, none when there is none."""
        with self._calls():
            names = [f.path for f in self._client.list_artifacts(run_id, folder) if not f.is_dir]
            return [
                Path(self._client.download_artifacts(run_id, name, str(into))) for name in names
            ]

    def end(self, run_id: str, status: Ending, end_ms: int | None) -> None:
        """Terminate a run."""
        with self._calls():
            self._client.set_terminated(run_id, status, end_ms)

    def reopen(self, run_id: str) -> None:
        """Mark a terminated run as running again."""
        with self._calls():
            self._client.update_run(run_id, status="RUNNING")

    def _create(self, experiment: str, artifacts: str | None) -> str:
        location = None if artifacts is None else f"{artifacts.rstrip('/')}/{experiment}"
        with self._calls():
            return str(self._client.create_experiment(experiment, artifact_location=location))

    @contextmanager
    def _calls(self) -> Iterator[None]:
        try:
            yield
        except FrlibError:
            raise
        except Exception as error:
            words = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
            raise TrackingError(
                f"{shown(self._uri)}: the tracking server did not do what it was asked "
                f"({type(error).__name__}: {words.replace(self._uri, shown(self._uri))}). The "
                "records are complete without it; when it answers again, `frlib track sync NAME` "
                "sends what is missing. MLFLOW_TRACKING_URI chooses another server."
            ) from error


def plain_name(name: str) -> str:
    """A metric or parameter name that MLflow takes: `tar@far=1e-4` -> `tar_far_1e-4`."""
    return _NOT_IN_NAMES.sub("_", name)


def _cut(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: str(value)[:_TAG_LENGTH] for key, value in tags.items()}
