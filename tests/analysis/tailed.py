"""A recorded Unequal Training with made-up numbers: the arms of the study, and two more.

Every stage wins a share of what the one before left; images that the list drops are counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frlib.core import safeio
from frlib.core.config import digest
from frlib.records import declare, layout
from frlib.records.write import RunWriter
from tests.analysis.denoised import SAMPLES, Rule, scores

REPORT = "official/insightface10/accuracy"
SEEDS = (0, 1, 2)
NOISE = (0.2, 0.1, 1.0)
LISTS = {"listed": Rule(0.3, 0.05, 0.0, 0.0), "denoised": Rule(0.5, 0.02, 0.0, 0.0)}
"""What a list finds and harms, as `tests.analysis.denoised.Rule`."""

PRETRAIN = {"name": "train", "changes": {"head": {"name": "arcface"}, "epochs": 8}}
SEEN = {"name": "evidence", "model": "pretrain"}
LISTED = {"name": "decide", "evidence": "seen"}
NRA = {"name": "train", "changes": {"epochs": 4}, "start": {"stage": "pretrain"}}
RAISED = {"name": "rounds", "changes": {"epochs": 3}, "each": [{}, {}, {"epochs": 5}]}
FIRST = {"pretrain": PRETRAIN, "seen": SEEN, "listed": LISTED}
ALL = FIRST | {"nra": NRA, "seen_again": SEEN, "denoised": LISTED, "dispersed": RAISED}


@dataclass(frozen=True)
class Arm:
    """head, part, clean, tail: labels. accuracy: of seed 0. passes: by hand, all trainings."""

    head: str
    part: str
    epochs: int
    accuracy: float
    passes: int
    clean: str = ""
    tail: str = "none"
    stages: Mapping[str, Mapping[str, Any]] | None = None

    @property
    def shown(self) -> dict[str, Any]:
        """Label on every axis."""
        return {
            "data.part": self.part,
            "head": self.head,
            "epochs": self.epochs,
            "clean": f"{self.clean}, drop" if self.clean else "none",
            "tail": self.tail,
            "stages": ", ".join(self.stages or {}) or "none",
        }

    @property
    def config(self) -> dict[str, Any]:
        """Of `arm.json`, what the table reads."""
        return {
            "data": {"part": {"name": self.part}},
            "epochs": self.epochs,
            "clean": {"rule": None, "stage": self.clean},
            "tail": None if self.tail == "none" else {"weight": 10.0},
            "stages": dict(self.stages or {}),
        }


WHOLE, HEAD, NRA_HEAD = "whole", "class_size", "Unequal NRA"
ARMS = {
    "ArcFace on everybody": Arm("ArcFace", WHOLE, 24, 0.80, 24),
    "ArcFace on the head": Arm("ArcFace", HEAD, 24, 0.78, 24),
    "NRA on the cleaned head": Arm(NRA_HEAD, HEAD, 16, 0.84, 24, "listed", stages=FIRST),
    "NRA on the cleaned head + dispersion": Arm(
        NRA_HEAD, HEAD, 4, 0.88, 8 + 4 + 3 + 3 + 5 + 4, "denoised", "weight 10", ALL
    ),
    "NRA on the cleaned everybody": Arm(NRA_HEAD, WHOLE, 16, 0.0, 24, "listed", stages=FIRST),
    "ArcFace on everybody + dispersion": Arm("ArcFace", WHOLE, 24, 0.0, 24, "", "weight 10"),
}
FAILED, UNRUN = "NRA on the cleaned everybody", "ArcFace on everybody + dispersion"
STUDY: dict[str, Any] = {
    "name": "stages",
    "question": "What does each stage win?",
    "selection": {"metric": "auc"},
    "report": [REPORT],
    "table": "unequal",
    "replicates": {"seeds": list(SEEDS)},
    "cells": [{"shown": list(map(list, one.shown.items()))} for one in ARMS.values()],
}


def record(store: Path, study: Mapping[str, Any] = STUDY) -> Path:
    """Record it; one arm failed, and one was never run."""
    folder = layout.study_folder(store, str(study["name"]))
    declare.write_study(folder, study)
    for name, one in ARMS.items():
        if name == FAILED:
            verdict = {"status": "failed", "message": "DataError: nothing is left"}
            declare.write_verdict(folder, _declared(folder, one), verdict)
        elif name != UNRUN:
            complete(folder, one)
    return folder


def complete(folder: Path, one: Arm) -> None:
    """Record all replicates of an arm."""
    name = _declared(folder, one)
    for seed in SEEDS:
        with RunWriter(folder, study=folder.name, arm=name, seed=seed, facts=facts(one, seed)) as r:
            if one.clean:
                r.log(scores(LISTS[one.clean], NOISE, seed), epoch=0, step=0)
            r.log(_last(one, seed), epoch=one.epochs, step=100)
        path = r.folder / "run.json"
        safeio.write_json(path, safeio.read_json(path) | {"seconds": one.epochs + seed})
    declare.write_verdict(folder, name, {"status": "complete", "message": ""})


def facts(one: Arm, seed: int) -> dict[str, Any]:
    """How many images and classes the last training had."""
    images, classes = (SAMPLES, 100) if one.part == HEAD else (2 * SAMPLES, 300)
    if one.clean:
        images -= round(scores(LISTS[one.clean], NOISE, seed)["cleaning/flagged"])
    tail = {"tail": {"images": 600, "identities": 1200}} if one.tail != "none" else {}
    return {"images": images, "classes": classes} | tail


def _last(one: Arm, seed: int) -> dict[str, float]:
    jitter = 0.001 * ((seed + 1) * round(100 * one.accuracy) % 3)
    reached = one.accuracy + 0.01 * seed + jitter
    dispersed = {"train/dispersion": 0.04 - 0.001 * seed} if one.tail != "none" else {}
    return {REPORT: reached, "selection/auc": reached} | dispersed


def _declared(folder: Path, one: Arm) -> str:
    value = {
        "cell": one.shown,
        "params": {},
        "datasets": {"train": "d1"},
        "config": one.config,
        "default": True,
    }
    name = digest(value)
    declare.write_arm(folder, {**value, "arm": name})
    return name
