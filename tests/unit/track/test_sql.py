"""What is read from MLflow's database is what its own search finds."""

from pathlib import Path

import pandas as pd
import pytest

from frlib.bench import tables_server
from frlib.core.errors import TrackingError
from frlib.track import sql
from frlib.track.mlflow import Server
from frlib.track.tags import experiment_name


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tables_server.filled(tmp_path_factory.mktemp("mlflow"), "s", 4)


def execute(uri: str, statement: str) -> None:
    from sqlalchemy import create_engine, text

    engine = create_engine(uri)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_mirrored_when_queried_then_it_equals_what_the_search_finds(uri: str) -> None:
    queried, searched = sql.mirrored(uri, "s"), sql._searched(uri, "s")
    for name in ("runs", "tags", "params", "metrics"):
        pd.testing.assert_frame_equal(getattr(queried, name), getattr(searched, name))
    assert len(queried.runs) == 4
    assert len(queried.metrics) == 3 * tables_server.METRICS
    assert len(queried.params) == 3 * tables_server.PARAMS
    assert (queried.params["value"] == "0.5").all()


def test_mirrored_when_a_run_is_deleted_or_of_another_study_then_it_is_left_out(
    tmp_path: Path,
) -> None:
    uri = tables_server.filled(tmp_path, "s", 4)
    Server(uri, experiment_name("other"), create=True).create_run("r", {"a": "b"}, None)
    gone = f"{1:032x}"
    execute(uri, f"UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid = '{gone}'")
    found = sql.mirrored(uri, "s")
    assert len(found.runs) == 3
    for frame in (found.runs, found.tags, found.params, found.metrics):
        assert gone not in set(frame["run_id"])


def test_mirrored_when_a_number_is_nan_then_it_is_nan(tmp_path: Path) -> None:
    uri = tables_server.filled(tmp_path, "s", 2)
    execute(uri, "UPDATE latest_metrics SET is_nan = 1, value = 0 WHERE key = 'metric3'")
    values = sql.mirrored(uri, "s").metrics.set_index("key")["value"]
    assert values.isna().sum() == 1
    assert pd.isna(values["metric3"])


def test_mirrored_when_the_study_is_not_there_then_the_error_says_what_sends_it(uri: str) -> None:
    with pytest.raises(TrackingError, match=r"no experiment .*frlib track sync"):
        sql.mirrored(uri, "another")


def test_mirrored_when_it_is_no_database_of_mlflow_then_the_error_says_so(
    tmp_path: Path,
) -> None:
    with pytest.raises(TrackingError, match="cannot be read as MLflow's database"):
        sql.mirrored(f"sqlite:///{tmp_path / 'empty.db'}", "s")


def test_mirrored_when_the_server_is_behind_http_then_it_is_searched(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "_searched", lambda *asked: asked)
    assert sql.mirrored("http://localhost:5000", "s") == ("http://localhost:5000", "s")


def test_mirrored_when_a_table_is_gone_then_the_error_says_what_brings_it(tmp_path: Path) -> None:
    uri = tables_server.filled(tmp_path, "s", 2)
    execute(uri, "DROP TABLE tags")
    with pytest.raises(TrackingError, match=r"no such table: tags.*mlflow db upgrade"):
        sql.mirrored(uri, "s")


@pytest.mark.parametrize("uri", ["postgresql://u:secret@host:port/db", "sqlite:/x"])
def test_mirrored_when_the_uri_is_wrong_then_the_error_says_what_is_expected(uri: str) -> None:
    with pytest.raises(TrackingError, match=r"Expected e\.g\. sqlite:////path") as told:
        sql.mirrored(uri, "s")
    assert "secret" not in str(told.value)
