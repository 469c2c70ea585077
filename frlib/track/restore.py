"""MLflow alone -> a study's record folder, from which its tables come out byte for byte."""

import shutil
import tempfile
from pathlib import Path

from frlib.core.errors import RecordError, TrackingError
from frlib.records import layout, read
from frlib.track.mirror import KEY, KIND, RECORDS, SYNCED, experiment_name
from frlib.track.mlflow import RemoteRun, Server
from frlib.track.uri import shown

_FILE_OF = {"study": "study.json", "arm": "arm.json", "replicate": "run.json"}


def restore(uri: str, study: str, store: Path) -> Path:
    """Rebuild `<store>/studies/<study>` from the server; returns the folder, whole or not at all.

    `RecordError` when records are there already (they are the truth and are never overwritten),
    `TrackingError` when the server does not answer or holds less than the study had.
    """
    folder = layout.study_folder(store, study)
    if folder.exists():
        raise RecordError(
            f"{folder}: exists, and records are never overwritten from a mirror. Name an empty "
            "--store to rebuild into."
        )
    server = Server(uri, experiment_name(study), None, create=False)
    runs = [run for run in server.runs() if run.tags.get(KEY)]
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{study}."))
    try:
        for run in runs:
            _download(server, run, aside, uri)
        _require_all(runs, uri, study)
        read.load(aside)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _download(server: Server, run: RemoteRun, study_folder: Path, uri: str) -> None:
    key, kind = run.tags[KEY], run.tags[KIND]
    folder = _folder(study_folder, kind, run)
    with tempfile.TemporaryDirectory(dir=study_folder) as aside:
        files = server.download(run.run_id, RECORDS, Path(aside))
        if _FILE_OF[kind] not in {path.name for path in files}:
            raise TrackingError(
                f"{shown(uri)}: the run {run.run_id} ({key}) has no {RECORDS}/{_FILE_OF[kind]}, so "
                "the mirror was cut off there. Run `frlib track sync NAME` where the records are."
            )
        folder.mkdir(parents=True, exist_ok=True)
        for path in files:
            shutil.copyfile(path, folder / path.name)


def _folder(study_folder: Path, kind: str, run: RemoteRun) -> Path:
    if kind == "study":
        return study_folder
    arm = run.tags["frlib.arm"]
    if kind == "arm":
        return layout.arm_folder(study_folder, arm)
    seed, attempt = int(run.tags["frlib.seed"]), int(run.tags["frlib.attempt"])
    return layout.attempt_folder(study_folder, arm, seed, attempt)


def _require_all(runs: list[RemoteRun], uri: str, study: str) -> None:
    kinds = [run.tags[KIND] for run in runs]
    found = f"{kinds.count('arm')} arms, {kinds.count('replicate')} attempts"
    noted = next((r.tags.get(SYNCED, "") for r in runs if r.tags[KIND] == "study"), "")
    if noted != found:
        raise TrackingError(
            f"{shown(uri)}: holds {found} of {study!r}, but its last complete sync "
            f"{f'noted {noted}' if noted else 'is still to come'}. Run `frlib track sync {study}` "
            "where the records are."
        )
