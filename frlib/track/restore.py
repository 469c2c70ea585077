"""MLflow alone -> a study's record folder, from which its tables come out byte for byte."""

import shutil
import tempfile
import uuid
from pathlib import Path

from frlib.core import published
from frlib.core.errors import RecordError, TrackingError
from frlib.records import layout, read
from frlib.track.mlflow import RemoteRun, Server
from frlib.track.tags import KEY, RECORDS, STUDY, SYNCED, experiment_name, parsed
from frlib.track.uri import shown

_FILE_OF = {0: "study.json", 1: "arm.json", 3: "run.json"}
"""By the length of a parsed key; a replicate's records are those of its attempts."""


def restore(uri: str, study: str, store: Path) -> Path:
    """Rebuild `<store>/studies/<study>` from the server; returns the folder, whole or not at all.

    `RecordError` when records are there already (they are the truth and are never overwritten),
    `TrackingError` when the server does not answer or holds less than the study had.
    """
    folder = layout.study_folder(store, study)
    published.bring(folder, heavy=False)
    if folder.exists():
        raise RecordError(
            f"{folder}: exists, and records are never overwritten from a mirror. Name an empty "
            "--store to rebuild into."
        )
    server = Server(uri, experiment_name(study))
    keys: dict[str, RemoteRun] = {}
    for run in server.runs():
        if KEY in run.tags:
            keys.setdefault(run.tags[KEY], run)
    runs = [run for key, run in keys.items() if len(parsed(key)) in _FILE_OF]
    _require_all(runs, uri, study)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = folder.parent / f".{study}.{uuid.uuid4().hex}"
    aside.mkdir()
    try:
        for run in runs:
            _download(server, run, aside, uri)
        read.load(aside)
        aside.rename(folder)
        published.placed(folder, last="study.json")
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _download(server: Server, run: RemoteRun, study_folder: Path, uri: str) -> None:
    key = parsed(run.tags[KEY])
    needed = _FILE_OF[len(key)]
    with tempfile.TemporaryDirectory(dir=study_folder) as aside:
        files = server.download(run.run_id, RECORDS, Path(aside))
        if needed not in {path.name for path in files}:
            raise TrackingError(
                f"{shown(uri)}: the run {run.run_id} ({run.tags[KEY]}) has no {RECORDS}/{needed}, "
                "so the mirror was cut off there. Run `frlib track sync NAME` where its records "
                "are."
            )
        folder = _folder(study_folder, key)
        folder.mkdir(parents=True, exist_ok=True)
        for path in files:
            shutil.copyfile(path, folder / path.name)


def _folder(study_folder: Path, key: tuple[str, ...]) -> Path:
    if not key:
        return study_folder
    if len(key) == 1:
        return layout.arm_folder(study_folder, key[0])
    return layout.attempt_folder(study_folder, key[0], int(key[1]), int(key[2]))


def _require_all(runs: list[RemoteRun], uri: str, study: str) -> None:
    levels = [len(parsed(run.tags[KEY])) for run in runs]
    found = f"{levels.count(1)} arms, {levels.count(3)} attempts"
    noted = next((r.tags.get(SYNCED, "") for r in runs if r.tags[KEY] == STUDY), "")
    if noted != found:
        raise TrackingError(
            f"{shown(uri)}: holds {found} of {study!r}, but its last complete sync "
            f"{f'noted {noted}' if noted else 'is still to come'}. Run `frlib track sync {study}` "
            "where the records are."
        )
