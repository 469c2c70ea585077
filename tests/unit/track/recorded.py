"""A small study on record, and the tree of runs that a server makes of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frlib.records import declare, layout
from frlib.records.write import RunWriter

AXES = [("ArcFace", "a" * 16), ("BoundaryFace (λ=π)", "b" * 16), ("CurricularFace", "c" * 16)]
SEARCHED = {f"clean.changes.number_{number}": number for number in range(30)}
"""So much of one arm that its name ends early."""
LONG = [f"folder/{number}" for number in range(1000)]


def record(store: Path, study: str = "tiny") -> Path:
    """Two methods complete over three seeds (one resumed), one stopped early."""
    folder = layout.study_folder(store, study)
    cells = [{"shown": [["head", label]]} for label, _ in AXES]
    declare.write_study(
        folder,
        {
            "name": study,
            "question": "Which head?",
            "selection": {"metric": "auc"},
            "report": ["official/insightface10/accuracy"],
            "table": "study",
            "cells": cells,
            "replicates": {"seeds": [0, 1, 2]},
        },
    )
    for number, (label, digest) in enumerate(AXES):
        stopped = label == "CurricularFace"
        declare.write_arm(
            folder,
            {
                "arm": digest,
                "cell": {"head": label},
                "params": {"head.margin": 0.3 + number / 8} | (SEARCHED if stopped else {}),
                "config": {
                    "head": {"name": "x", "tar@far": 1e-4, "tar_far": 1},
                    "milestones": [1, 2],
                    "paths": LONG,
                },
                "datasets": {"train": "d" * 64},
                "default": number == 0,
            },
        )
        for seed in range(1 if stopped else 3):
            if seed == 1:
                killed = RunWriter(folder, study=study, arm=digest, seed=seed)
                killed.log({"loss": 9.0}, epoch=1, step=1)
                killed.flush()
            facts = {
                "artifacts": {"clean.decide": "decide/993f"},
                "git": {"commit": "e" * 40, "changed": True},
            }
            with RunWriter(folder, study=study, arm=digest, seed=seed, facts=facts) as run:
                for epoch in range(2):
                    run.log({"loss": 2.0 - epoch}, epoch=epoch, step=10 * epoch)
                    run.flush()
                final = {
                    "official/insightface10/accuracy": 0.8 + 0.05 * number + 0.003 * seed**2,
                    "selection/auc": 0.9 + seed / 100,
                    "tar@far=1e-4": 0.5,
                    "memory/host_peak_mib": 300.0,
                }
                run.log(final, epoch=2, step=20)
                if stopped:
                    run.finish("stopped", "rung 1")
        verdict = {"status": "stopped" if stopped else "complete", "message": "rung 1: 0.9 < 0.95"}
        declare.write_verdict(folder, digest, verdict)
    return folder


@dataclass(frozen=True)
class Mirrored:
    """A study and the server that mirrors it."""

    store: Path
    folder: Path
    uri: str
    client: Any

    def runs(self) -> dict[str, Any]:
        """By key; a key that two runs have is an error."""
        experiment = self.client.get_experiment_by_name(f"frlib/{self.folder.name}")
        found = list(self.client.search_runs([experiment.experiment_id]))
        named = {run.data.tags["frlib.key"]: run for run in found}
        assert len(named) == len(found)
        return named

    def points(self) -> int:
        return sum(
            len(self.client.get_metric_history(run.info.run_id, name))
            for run in self.runs().values()
            for name in run.data.metrics
        )

    def files(self, key: str, folder: str | None = None) -> set[str]:
        found = self.client.list_artifacts(self.runs()[key].info.run_id, folder)
        return {one.path for one in found}
