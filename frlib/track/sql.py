"""What a tracking server knows of a study, as frames: from its database where that can be reached.

Four queries for a whole study, where the server's own search answers a thousand runs at a time and
builds an object for every number. A server behind http is asked through that search. Tables of
MLflow 3.17: experiments, runs, tags, params, latest_metrics.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from frlib.core.errors import TrackingError
from frlib.core.garbage import uncollected
from frlib.core.secrets import redacted
from frlib.track.tags import experiment_name
from frlib.track.uri import shown

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_DATABASES = ("sqlite", "postgresql", "mysql")
_TEXT, _NUMBER = pa.string(), pa.float64()
_SCHEMAS = {
    "runs": pa.schema({"run_id": _TEXT, "status": _TEXT}),
    "tags": pa.schema({"run_id": _TEXT, "key": _TEXT, "value": _TEXT}),
    "params": pa.schema({"run_id": _TEXT, "key": _TEXT, "value": _TEXT}),
    "metrics": pa.schema({"run_id": _TEXT, "key": _TEXT, "value": _NUMBER}),
}
_OF_STUDY = "WHERE r.experiment_id = {experiment:d} AND r.lifecycle_stage = 'active'"
_JOINED = "JOIN runs r ON r.run_uuid = t.run_uuid " + _OF_STUDY
_QUERIES = {
    "runs": "SELECT r.run_uuid, r.status FROM runs r " + _OF_STUDY,
    "tags": "SELECT t.run_uuid, t.key, t.value FROM tags t " + _JOINED,
    "params": "SELECT t.run_uuid, t.key, t.value FROM params t " + _JOINED,
    "metrics": "SELECT t.run_uuid, t.key, CASE WHEN t.is_nan THEN NULL ELSE t.value END "
    "FROM latest_metrics t " + _JOINED,
}


@dataclass(frozen=True)
class Mirrored:
    """runs: `run_id, status`. tags, params, metrics: `run_id, key, value`, a metric's last value.

    Rows are sorted. Names of metrics are those that MLflow takes (`frlib.track.mlflow`).
    """

    runs: pd.DataFrame
    tags: pd.DataFrame
    params: pd.DataFrame
    metrics: pd.DataFrame


def mirrored(uri: str, study: str) -> Mirrored:
    """All runs of a study that are not deleted; `TrackingError` when there is none of it."""
    if uri.partition(":")[0].partition("+")[0] in _DATABASES:
        return _queried(uri, study)
    return _searched(uri, study)


def _queried(uri: str, study: str) -> Mirrored:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

    try:
        engine = create_engine(uri)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise TrackingError(
            f"{shown(uri)}: no database can be opened by it ({_words(error)}). Expected e.g. "
            "sqlite:////path/mlflow.db or postgresql+psycopg2://user@host/mlflow, its driver "
            "installed"
        ) from error
    try:
        with engine.connect() as connection, uncollected():
            experiment = _experiment(connection, uri, study)
            return _framed(
                lambda name: _rows(connection, _QUERIES[name].format(experiment=experiment))
            )
    except SQLAlchemyError as error:
        is_other = isinstance(error, ProgrammingError) or "no such" in str(error)
        advice = "`mlflow db upgrade` brings an older one up to date." if is_other else ""
        raise TrackingError(
            f"{shown(uri)}: cannot be read as MLflow's database ({_words(error)}). Expected that "
            f"of MLflow 3.17. {advice}".rstrip()
        ) from error
    finally:
        engine.dispose()


def _words(error: Exception) -> str:
    return str(redacted(str(error).splitlines()[0])[:300])


def _experiment(connection: "Connection", uri: str, study: str) -> int:
    from sqlalchemy import text

    query = "SELECT experiment_id FROM experiments WHERE name = :name AND lifecycle_stage = :stage"
    asked = {"name": experiment_name(study), "stage": "active"}
    found = connection.execute(text(query), asked).scalar()
    if found is None:
        raise TrackingError(
            f"{shown(uri)}: has no experiment {experiment_name(study)!r}, so this study was never "
            "mirrored there. `frlib track sync NAME` sends it, from a store with its records."
        )
    return int(found)


def _rows(connection: "Connection", query: str) -> list[tuple[object, ...]]:
    """As the driver gives them: an object for every row would take most of the time."""
    found = connection.exec_driver_sql(query)
    try:
        return list(found.cursor.fetchall()) if found.cursor else []
    finally:
        found.close()


def _searched(uri: str, study: str) -> Mirrored:
    from frlib.track.mlflow import Server

    runs = Server(uri, experiment_name(study)).runs()

    def rows(name: str) -> Iterable[tuple[object, ...]]:
        if name == "runs":
            return ((run.run_id, run.status) for run in runs)
        return ((run.run_id, *item) for run in runs for item in getattr(run, name).items())

    return _framed(rows)


def _framed(rows: Callable[[str], Iterable[tuple[object, ...]]]) -> Mirrored:
    return Mirrored(**{name: _frame(schema, rows(name)) for name, schema in _SCHEMAS.items()})


def _frame(schema: pa.Schema, rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    table = pa.Table.from_arrays(arrays, schema=schema)
    return table.sort_by([(name, "ascending") for name in schema.names]).to_pandas()
