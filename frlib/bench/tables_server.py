"""A large study in MLflow's database: runs with numbers, put there by SQL in one go."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from frlib.core.seeds import stream
from frlib.track.mlflow import Server
from frlib.track.tags import experiment_name

METRICS, PARAMS, TAGS = 30, 40, 10
_ROWS = 50_000


def filled(folder: Path, study: str, runs: int) -> str:
    """The URI of a new database with so many finished runs of a study."""
    from sqlalchemy import create_engine, text

    uri = f"sqlite:///{folder / 'mlflow.db'}"
    server = Server(uri, experiment_name(study), folder.as_uri(), create=True)
    first = server.create_run("first", {}, None)
    draw = stream(0, "checks", "bench")
    names = [f"{number:032x}" for number in range(1, runs)]
    rows: dict[str, Iterator[dict[str, Any]]] = {
        "INSERT INTO runs (run_uuid, name, status, start_time, lifecycle_stage, artifact_uri, "
        "experiment_id, source_type, user_id) SELECT :run, :run, 'FINISHED', start_time, "
        "lifecycle_stage, artifact_uri, experiment_id, source_type, user_id FROM runs "
        f"WHERE run_uuid = '{first}'": ({"run": name} for name in names),
        "INSERT INTO tags (run_uuid, key, value) VALUES (:run, :key, 'a tag')": (
            {"run": name, "key": f"tag{i}"} for name in names for i in range(TAGS)
        ),
        "INSERT INTO params (run_uuid, key, value) VALUES (:run, :key, '0.5')": (
            {"run": name, "key": f"param{i}"} for name in names for i in range(PARAMS)
        ),
        "INSERT INTO latest_metrics (run_uuid, key, value, timestamp, step, is_nan) "
        "VALUES (:run, :key, :value, 0, 0, 0)": (
            {"run": name, "key": f"metric{i}", "value": float(draw.random())}
            for name in names
            for i in range(METRICS)
        ),
    }
    engine = create_engine(uri)
    with engine.begin() as connection:
        for statement, values in rows.items():
            while part := list(islice(values, _ROWS)):
                connection.execute(text(statement), part)
    engine.dispose()
    return uri
