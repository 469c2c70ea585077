"""The tracking server: the few MLflow calls we make, each failure a `TrackingError`.

The only file that imports mlflow, and only when a server is opened. MLflow 3.17 as it is:
parameters are immutable; a batch takes 100 parameters, 100 tags and 1000 entries in all; the same
metric point sent twice is kept once. A call whose connection broke is tried once more (MLflow's own
seven retries would hold a caller for minutes), and a slow answer is waited for; where both made a
run, `frlib.track.mirror` finds the double.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from frlib.core.errors import FrlibError, TrackingError
from frlib.core.secrets import redacted
from frlib.track.numbers import Point
from frlib.track.tags import NAME, RUN, experiment_tags
from frlib.track.uri import shown

Ending = Literal["FINISHED", "FAILED", "KILLED"]

_NEVER = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
_UNLESS_SET = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
ENDINGS: dict[str, Ending] = {
    "complete": "FINISHED",
    "failed": "FAILED",
    "stopped": "KILLED",
    "interrupted": "KILLED",
}
_TAG_LENGTH = 8000
_NAME_LENGTH = 250
_DIGEST_LENGTH = 36
_PER_BATCH = 100
_ENTRIES = 1000
_PAGE = 1000


@dataclass(frozen=True)
class RemoteRun:
    """A run as the server has it."""

    run_id: str
    tags: Mapping[str, str]
    status: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]


class Server:
    """A connection to one experiment, created when it is not there."""

    def __init__(
        self,
        uri: str,
        experiment: str,
        artifacts: str | None = None,
        *,
        create: bool = False,
    ) -> None:
        """Open it; `create=False` refuses an experiment that does not exist."""
        self._uri = uri
        self._homes: dict[str, str] = {}
        os.environ.update(_NEVER)
        for name, value in _UNLESS_SET.items():
            os.environ.setdefault(name, value)
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
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
                for one in page:
                    info, data = one.info, one.data
                    self._homes[info.run_id] = info.artifact_uri
                    found.append(
                        RemoteRun(info.run_id, data.tags, info.status, data.params, data.metrics)
                    )
                token = page.token
                if not token:
                    return found

    def create_run(self, name: str, tags: Mapping[str, str], start_ms: int | None) -> str:
        """A new run; its id."""
        with self._calls():
            run = self._client.create_run(
                self._experiment,
                start_time=start_ms,
                tags=cut_tags(tags),
                run_name=name[:_NAME_LENGTH],
            )
        self._homes[run.info.run_id] = run.info.artifact_uri
        return str(run.info.run_id)

    def log(
        self,
        run_id: str,
        *,
        params: Mapping[str, str] = MappingProxyType({}),
        tags: Mapping[str, str] = MappingProxyType({}),
        points: Sequence[Point] = (),
    ) -> None:
        """Parameters, tags (over older values) and numbers, in as few calls as they fit into.

        Sending the same again changes nothing; with nothing to send there is no call.
        """
        with self._calls():
            from mlflow.entities import Metric, Param, RunTag

            left_params = [Param(name, value) for name, value in params.items()]
            left_tags = [RunTag(name, value) for name, value in cut_tags(tags).items()]
            left = [Metric(p.name, p.value, p.time_ms, p.step) for p in points]
            while left_params or left_tags or left:
                some_params, left_params = left_params[:_PER_BATCH], left_params[_PER_BATCH:]
                some_tags, left_tags = left_tags[:_PER_BATCH], left_tags[_PER_BATCH:]
                room = _ENTRIES - len(some_params) - len(some_tags)
                some, left = left[:room], left[room:]
                self._client.log_batch(run_id, some, some_params, some_tags, synchronous=True)

    def history(self, run_id: str, name: str) -> list[tuple[int, int, float]]:
        """(step, time in ms, value) of every point of one metric."""
        with self._calls():
            points = self._client.get_metric_history(run_id, name)
        return [(point.step, point.timestamp, point.value) for point in points]

    def delete(self, run_id: str) -> None:
        """Take a run out of sight; `mlflow gc` removes it for good."""
        with self._calls():
            self._client.delete_run(run_id)

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
            from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

            repository = get_artifact_repository(self._home(run_id), tracking_uri=self._uri)
            for path in files:
                repository.log_artifact(str(path), folder or None)

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

    def versions(self, name: str) -> dict[str, str]:
        """Versions of a registered model by their tag `RUN`; none when there is no such."""
        with self._calls():
            found = self._client.search_model_versions(f"name='{name}'")
        return {str(one.tags.get(RUN, "")): str(one.version) for one in found}

    def register(self, name: str, run_id: str, folder: str, tags: Mapping[str, str]) -> str:
        """A new version of a registered model from the folder of a run's artefacts; its number."""
        with self._calls():
            from mlflow.exceptions import MlflowException

            try:
                self._client.create_registered_model(name)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            made = self._client.create_model_version(
                name, f"{self._home(run_id)}/{folder}", run_id, tags=dict(tags)
            )
        return str(made.version)

    def alias(self, name: str, alias: str, version: str) -> None:
        """Let an alias of a registered model name this version."""
        with self._calls():
            self._client.set_registered_model_alias(name, alias, version)

    def _home(self, run_id: str) -> str:
        if run_id not in self._homes:
            self._homes[run_id] = str(self._client.get_run(run_id).info.artifact_uri)
        return self._homes[run_id]

    def _create(self, experiment: str, artifacts: str | None) -> str:
        location = None if artifacts is None else f"{artifacts.rstrip('/')}/{experiment}"
        with self._calls():
            made = str(self._client.create_experiment(experiment, artifact_location=location))
            study = experiment.partition("/")[2]
            for name, value in experiment_tags(study, made).items():
                self._client.set_experiment_tag(made, name, value)
        return made

    @contextmanager
    def _calls(self) -> Iterator[None]:
        try:
            yield
        except FrlibError:
            raise
        except Exception as error:
            words = redacted((str(error).strip() or type(error).__name__).splitlines()[0])[:300]
            raise TrackingError(
                f"{shown(self._uri)}: the tracking server did not do what it was asked "
                f"({type(error).__name__}: {words}). The records are complete without it; when it "
                "answers again, `frlib track sync NAME` sends what is missing. MLFLOW_TRACKING_URI "
                "chooses another server."
            ) from error


def cut_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as the server takes them: a value that is too long ends early."""
    most = {NAME: _NAME_LENGTH}
    return {key: str(value)[: most.get(key, _TAG_LENGTH)] for key, value in tags.items()}
