"""Tags, keys and folders of the mirror: the vocabulary by which runs are found again.

study                          one a MLflow experiment
arm/<digest>                   a configuration
arm/<digest>/r<seed>           a replicate: the whole curve, final numbers
arm/<digest>/r<seed>/a<n>      an attempt of it: status, times, records
"""

import re
from urllib.parse import quote

KEY, KIND, SYNCED = "frlib.key", "frlib.kind", "frlib.synced"
FILES, ROWS, RUN = "frlib.files", "frlib.rows", "frlib.run"
NAME, PARENT, NOTE = "mlflow.runName", "mlflow.parentRunId", "mlflow.note.content"
COMMIT, SOURCE = "mlflow.source.git.commit", "mlflow.source.name"
STUDY = "study"
RECORDS, MODEL = "records", "model"
OUTPUTS = ("tables", "figures")
_KEY = re.compile(r"arm/(?P<arm>[0-9a-f]+)(?:/r(?P<seed>-?\d+)(?:/a(?P<attempt>\d+))?)?")


def experiment_name(study: str) -> str:
    """The experiment of a study."""
    return f"frlib/{study}"


def experiment_tags(study: str, experiment: str) -> dict[str, str]:
    """What the page of an experiment says: how to find one's way, with links into it.

    Sorted by name MLflow lists runs without their parents.
    """
    pages = []
    for kind, words in (("replicate", "learning curves"), ("arm", "configurations")):
        asked = quote(f"tags.`frlib.kind` = '{kind}'", safe="")
        order = "attributes.run_name"
        mode = "&compareRunsMode=CHART" if kind == "replicate" else ""
        pages.append(
            f"[{words}](#/experiments/{experiment}/runs?searchFilter={asked}&orderByKey={order}"
            f"&orderByAsc=true{mode})"
        )
    return {
        "mlflow.experimentKind": "custom_model_development",
        NOTE: (
            f"Study **{study}**: {', '.join(pages)}. The study's run holds question, tables and "
            "figures; below it are arms (a configuration each; mean numbers), replicates (a seed "
            "each; whole curves and the numbers that count) and attempts (several where a run was "
            "resumed; record files)."
        ),
    }


def arm_key(arm: str) -> str:
    """`arm/<digest>`."""
    return f"arm/{arm}"


def replicate_key(arm: str, seed: int) -> str:
    """`arm/<digest>/r<seed>`."""
    return f"{arm_key(arm)}/r{seed}"


def attempt_key(arm: str, seed: int, attempt: int) -> str:
    """`arm/<digest>/r<seed>/a<n>`."""
    return f"{replicate_key(arm, seed)}/a{attempt}"


def parsed(key: str) -> tuple[str, ...]:
    """`()` of the study, else `(arm,)`, `(arm, seed)` or `(arm, seed, attempt)`.

    `ValueError` for what is no key.
    """
    if key == STUDY:
        return ()
    match = _KEY.fullmatch(key)
    if match is None:
        raise ValueError(f"{key!r} is no key of a run")
    return tuple(part for part in match.groups() if part is not None)
